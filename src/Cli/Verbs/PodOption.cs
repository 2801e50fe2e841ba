using System.CommandLine;

namespace Dataplane.Cli.Verbs;

/// <summary>"--pod NAMESPACE/NAME", checked before anything is sent.</summary>
internal static class PodOption
{
    /// <summary>Makes the option.</summary>
    public static Option<string?> Create(string description, bool required = false)
    {
        var option = new Option<string?>("--pod") { Description = description, HelpName = "NAMESPACE/NAME", Required = required };
        option.Validators.Add(result =>
        {
            string pod = result.GetValueOrDefault<string>() ?? "";
            if (pod.Split('/') is not [{ Length: > 0 }, { Length: > 0 }])
                result.AddError($"--pod {pod}: write it as NAMESPACE/NAME, for example default/web-0");
        });
        return option;
    }

    /// <summary>Takes "namespace/name" apart; it was checked when it was parsed.</summary>
    public static (string Namespace, string Name) Split(string pod)
    {
        int slash = pod.IndexOf('/', StringComparison.Ordinal);
        return (pod[..slash], pod[(slash + 1)..]);
    }
}
