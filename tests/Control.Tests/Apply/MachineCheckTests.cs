using Dataplane.Control.Apply;
using Dataplane.Control.Options;
using Xdp.Interop.Links;
using Xunit;

namespace Dataplane.Control.Tests.Apply;

public sealed class MachineCheckTests
{
    private static readonly LinkInfo[] Links =
    [
        new() { Index = 1, Name = "lo", Flags = LinkFlags.Loopback },
        new() { Index = 2, Name = "eth0" },
        new() { Index = 3, Name = "v0", Kind = "veth", PeerIndex = 4 },
        new() { Index = 4, Name = "v1", Kind = "veth", PeerIndex = 3 },
        new() { Index = 5, Name = "dp-host", Kind = "veth", PeerIndex = 6, Alias = "dataplane host port" },
        new() { Index = 6, Name = "dp-host-x", Kind = "veth", PeerIndex = 5 },
    ];

    [Theory]
    [InlineData("--uplink none")]
    [InlineData("--uplink eth0 --external-interfaces v0")]
    [InlineData("--uplink none --host-port new")]
    public void WhatIsThereIsTaken(string flags) => Assert.Empty(MachineCheck.FindDeviceFaults(Options(flags), Links));

    [Theory]
    [InlineData("--uplink nope", "uplink 'nope': there is no such interface; name one that `ip link` shows (eth0, v0, v1, dp-host, dp-host-x), or write --uplink none")]
    [InlineData("--uplink lo", "uplink 'lo': is the loopback device")]
    [InlineData("--uplink eth0 --external-interfaces nope0", "external-interfaces 'nope0': there is no such interface; name one that `ip link` shows")]
    [InlineData("--uplink none --host-port v0", "host-port 'v0': v0 is not a host port of a dataplane (those have the alias \"dataplane host port\"); choose another name")]
    [InlineData("--uplink none --host-port eth0", "host-port 'eth0': eth0 is of kind hardware, not a host port of a dataplane; choose another name")]
    public void WhatIsNotThere_OrIsSomebodyElses_IsNamedByItsOption(string flags, string expected) =>
        Assert.StartsWith(expected, Assert.Single(MachineCheck.FindDeviceFaults(Options(flags), Links)), StringComparison.Ordinal);

    [Theory]
    [InlineData("any", null)]
    [InlineData("0,5", null)]
    [InlineData("99", "worker-cpus '99': this machine has CPUs 0-1,5 for this process; name some of these")]
    [InlineData("1-2", "worker-cpus '2': this machine has CPUs 0-1,5 for this process; name some of these")]
    public void WorkersArePinnedToCpusThatTheProcessMayUse(string cpus, string? expected) =>
        Assert.Equal(expected, MachineCheck.FindCpuFaults(Options($"--uplink none --worker-cpus {cpus}"), [0, 1, 5]).SingleOrDefault());

    [Fact]
    public void FramesAreNoMoreThanMemory()
    {
        var options = Options("--uplink none --umem-frames 4194304");
        Assert.Empty(MachineCheck.FindMemoryFaults(options, 16L << 30));
        Assert.Equal(
            "umem-frames '4194304': that is 16.00 GiB of locked memory, and this machine has 7.50 GiB available; lower it", Assert.Single(MachineCheck.FindMemoryFaults(options, 15L << 29)));
    }

    [Theory]
    [InlineData("", 1_001_472)]
    [InlineData("max", 1_001_472)]
    [InlineData("500000", 500000)]
    public void MemoryIsWhatTheKernelCallsAvailableWithHugePagesWithinTheContainersLimit(string limit, long expected)
    {
        string[] meminfo = ["MemTotal:  9000 kB", "MemAvailable:    954 kB", "HugePages_Free:        1", "Hugepagesize:         24 kB"];
        Assert.Equal(expected, MachineMemory.Available(meminfo, limit.Length == 0 ? [] : [limit]));
    }

    [Fact]
    public void OneWorkerIsMadeForEachCpuThatIsNamed()
    {
        Assert.Equal(3, RuntimeSettings.Workers(Options("--uplink none --worker-cpus 0-2")));
        Assert.Equal(2, RuntimeSettings.Workers(Options("--uplink none --worker-cpus 0-2 --workers 2")));
    }

    private static DataplaneOptions Options(string flags) => OptionLoader.Load(["--node-ip", "192.168.77.1", "--pod-cidr", "10.244.1.0/24", .. flags.Split(' ')]);
}
