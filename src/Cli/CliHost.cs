using System.Text;
using Dataplane.Contracts;

namespace Dataplane.Cli;

/// <summary>Everything outside the process that dpctl touches; tests put their own in its place.</summary>
/// <param name="Output">Standard output as bytes: tables, JSON, or a capture.</param>
/// <param name="Error">Standard error: messages and progress, never data.</param>
/// <param name="Connect">
/// Opens the control service at an address, with a deadline for each call (null: none). Nothing is sent before the first
/// call. What it returns is disposed if it is disposable.
/// </param>
/// <param name="TimeZone">Zone in which event times are shown.</param>
/// <param name="OutputIsTerminal">Whether a person would see bytes written to <paramref name="Output"/>.</param>
internal sealed record CliHost(
    Stream Output,
    TextWriter Error,
    Func<string, TimeSpan?, IControlService> Connect,
    TimeZoneInfo TimeZone,
    bool OutputIsTerminal)
{
    /// <summary>UTF-8 without a byte order mark, which would be part of the first JSON token.</summary>
    public static readonly Encoding TextEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

    /// <summary>The process's own console, and the real control service.</summary>
    public static CliHost OfThisProcess() => new(
        StandardOutput.Open(),
        Console.Error,
        (address, timeout) => new ControlClient(address, timeout),
        TimeZoneInfo.Local,
        OutputIsTerminal: !Console.IsOutputRedirected);
}
