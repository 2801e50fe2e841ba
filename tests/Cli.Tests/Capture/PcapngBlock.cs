namespace Dataplane.Cli.Tests.Capture;

/// <summary>One block: its fixed part, and its options by code.</summary>
internal sealed record PcapngBlock(uint Type, byte[] Body, Dictionary<int, byte[]> Options);
