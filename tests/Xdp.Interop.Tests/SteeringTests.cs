using System.Buffers.Binary;
using System.Net;
using Dataplane.Testing;
using Xunit;

namespace Xdp.Interop.Tests;

/// <summary>What the three programs send to the socket, leave to the kernel, and drop.</summary>
public sealed class SteeringTests
{
    private const uint Redirected = 0, Passed = 1, Dropped = 2; // enum counter of maps.h
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    [RequiresRootFact]
    public void PodsFramesAreDroppedWhenTheSocketIsGone()
    {
        using var bed = new PortBed(1);
        var socket = bed.OpenPort(0);
        var counters = bed.Program.Map("counters");
        bed.Node.AddAddress("v0", "10.9.0.9/24"); // the kernel would answer if a frame got through
        Ping(bed, "10.9.0.9");
        Assert.True(SpinWait.SpinUntil(() => counters.SumPerCpu(Redirected) > 0, Patience));
        socket.Dispose();
        ulong redirected = counters.SumPerCpu(Redirected);
        Assert.NotEqual(0, Ping(bed, "10.9.0.9"));
        Assert.True(counters.SumPerCpu(Dropped) > 0);
        Assert.Equal(redirected, counters.SumPerCpu(Redirected));
        Assert.Equal(0ul, counters.SumPerCpu(Passed));
    }

    [RequiresRootFact]
    public void PodsFramesAreDroppedBeforeItsPortIsKnown()
    {
        using var bed = new PortBed(1);
        bed.OpenPort(0);
        bed.Program.Map("ports").Delete((uint)bed.IfindexOf(0));
        bed.Node.AddAddress("v0", "10.9.0.9/24");
        Assert.NotEqual(0, Ping(bed, "10.9.0.9"));
        Assert.True(bed.Program.Map("counters").SumPerCpu(Dropped) > 0);
    }

    [RequiresRootTheory]
    [InlineData(XdpMode.Generic)]
    [InlineData(XdpMode.Native)]
    public void UplinkTakesVxlanForThisNodeAndLeavesTheRest(XdpMode mode)
    {
        using var uplink = new UplinkBed(mode);
        var counters = uplink.Program.Map("counters");
        Assert.Equal(0, Ping(uplink.Bed, "10.9.0.9")); // the node answers: not ours
        Assert.True(counters.SumPerCpu(Passed) > 0);
        Assert.Equal(0ul, counters.SumPerCpu(Redirected));

        uplink.SendUdp("10.9.0.9", 4789, 100);
        Assert.Equal(1u, uplink.TakeReceived());
        uplink.SendUdp("10.9.0.9", 4788, 100); // another port
        uplink.SendUdp("10.9.0.8", 4789, 100); // another node's address
        uplink.SendUdp("10.9.0.9", 4789, 100);
        Assert.Equal(1u, uplink.TakeReceived());
    }

    [RequiresRootFact]
    public void UplinkLeavesFragmentsToTheKernel()
    {
        using var uplink = new UplinkBed(XdpMode.Generic);
        uplink.Bed.Pods[0].Ip("link set eth0 mtu 1500");
        uplink.SendUdp("10.9.0.9", 4789, 4000); // three fragments
        uplink.SendUdp("10.9.0.9", 4789, 100);
        Assert.Equal(1u, uplink.TakeReceived());
        Assert.True(uplink.Program.Map("counters").SumPerCpu(Passed) >= 3);
    }

    [RequiresRootFact]
    public void UplinkTakesLocalPodsOnlyWithNativeRouting()
    {
        using var uplink = new UplinkBed(XdpMode.Generic);
        var pods = uplink.Program.Map("local_pods");
        pods.Update(Prefix("10.244.1.0", 24), (byte)1);
        uplink.Bed.Pods[0].Ip("route add 10.244.0.0/16 via 10.9.0.9");
        uplink.SendUdp("10.244.1.7", 53, 100);
        uplink.SendUdp("10.9.0.9", 4789, 100);
        Assert.Equal(1u, uplink.TakeReceived()); // only the second

        uplink.Configure(nativeRouting: 1);
        uplink.SendUdp("10.244.2.7", 53, 100); // not local
        uplink.SendUdp("10.9.0.9", 4789, 100); // VXLAN is off
        uplink.SendUdp("10.244.1.7", 53, 100);
        Assert.Equal(1u, uplink.TakeReceived());
    }

    [RequiresRootFact]
    public void UplinkPassesEverythingWhenTheSocketIsGone()
    {
        using var uplink = new UplinkBed(XdpMode.Generic);
        uplink.Socket.Dispose();
        ulong passed = uplink.Program.Map("counters").SumPerCpu(Passed);
        uplink.SendUdp("10.9.0.9", 4789, 100);
        Assert.True(SpinWait.SpinUntil(() => uplink.Program.Map("counters").SumPerCpu(Passed) > passed, Patience));
        Assert.Equal(0ul, uplink.Program.Map("counters").SumPerCpu(Dropped));
        Assert.Equal(0, Ping(uplink.Bed, "10.9.0.9"));
    }

    private static int Ping(PortBed bed, string address) =>
        bed.Pods[0].Try(TimeSpan.FromSeconds(10), "ping", "-c", "1", "-W", "1", address).ExitCode;

    private static ulong Prefix(string address, uint length)
    {
        Span<byte> key = stackalloc byte[8];
        BitConverter.TryWriteBytes(key, length);
        IPAddress.Parse(address).GetAddressBytes().CopyTo(key[4..]);
        return BinaryPrimitives.ReadUInt64LittleEndian(key);
    }
}
