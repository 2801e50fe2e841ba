using System.CommandLine;
using Dataplane.Cli.Output;

namespace Dataplane.Cli.Verbs;

/// <summary>"--address IP", a filter on either side of a flow.</summary>
internal static class AddressOption
{
    /// <summary>Makes the option.</summary>
    public static Option<string?> Create(string description)
    {
        var option = new Option<string?>("--address") { Description = description, HelpName = "IP" };
        option.Validators.Add(result =>
        {
            string address = result.GetValueOrDefault<string>() ?? "";
            if (!Words.IsAddress(address))
                result.AddError($"--address {address}: not an IP address; write for example 10.244.1.7 or fd00::7");
        });
        return option;
    }
}
