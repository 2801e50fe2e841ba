namespace Dataplane.Cli.Capture;

/// <summary>Where a capture comes from, as its section header says.</summary>
/// <param name="Application">Program that wrote the file.</param>
/// <param name="OperatingSystem">System on which the frames were taken.</param>
/// <param name="Comment">Anything else a reader should know.</param>
internal sealed record PcapngSection(string Application, string OperatingSystem, string Comment);
