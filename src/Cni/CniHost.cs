using Dataplane.Cni.Ipam;
using Dataplane.Contracts;

namespace Dataplane.Cni;

/// <summary>Everything outside the process that the plugin touches; tests put their own in its place.</summary>
/// <param name="Variable">The value of an environment variable, or null.</param>
/// <param name="Input">Standard input: the configuration.</param>
/// <param name="Output">Standard output: one JSON document, or nothing.</param>
/// <param name="Error">Standard error: what does not make the call fail; runtimes log it.</param>
/// <param name="Connect">Opens the control service at an address. Nothing is sent before the first call.</param>
/// <param name="Programs">Runs IPAM plugins.</param>
internal sealed record CniHost(
    Func<string, string?> Variable, Stream Input, Stream Output, TextWriter Error, Func<string, IControlService> Connect, IProgramRunner Programs)
{
    /// <summary>The process's own.</summary>
    public static CniHost OfThisProcess() => new(
        Environment.GetEnvironmentVariable, Console.OpenStandardInput(), Console.OpenStandardOutput(), Console.Error,
        address => new ControlClient(address), new ProgramRunner());
}
