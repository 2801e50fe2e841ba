using Dataplane.Packets;
using Dataplane.Testing;
using Dataplane.Testing.Packets;
using Dataplane.Tests.Workers;
using Dataplane.Workers;
using Xdp.Interop;
using Xunit;

namespace Dataplane.Tests;

/// <summary>10,000 packets of every kind, and not one byte for the garbage collector.</summary>
public abstract class ZeroAllocationTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private const int Packets = 10_000;

    public static TheoryData<string> Cases()
    {
        var data = new TheoryData<string>();
        foreach (var packet in PacketCasesOf<TAddress>.All()) data.Add(packet.Name);
        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void ThePathAllocatesNothing(string name)
    {
        var packet = PacketCasesOf<TAddress>.All().Single(c => c.Name == name);
        var path = new PathHarnessOf<TAddress>(flows: 4096); // fewer than the flows that some cases open: what is full must not allocate either
        packet.Prepare(path);
        var first = packet.Run(path, 0);
        Assert.Equal(packet.Expected, first.Kind);
        Run(path, packet); // everything is compiled

        Assert.Equal(0, Allocations.Least(() => Run(path, packet)));
    }

    [Fact]
    public void TheTransmitterAllocatesNothing()
    {
        var packet = PacketCasesOf<TAddress>.All().Single(c => c.Name == "super-packet to another node");
        var path = new PathHarnessOf<TAddress>();
        packet.Prepare(path);
        Assert.Equal(VerdictKind.Forward, packet.Run(path, 0).Kind);
        using var bed = new TransmitterBed();
        bed.Send(path, packet.Frame);
        bed.Sent();
        var frames = new XdpDescriptor[XdpDescriptor.MaxPerPacket];
        // The least of several rounds, as in Allocations: the runtime may allocate for itself when it replaces hot code.
        long least = long.MaxValue;
        for (int round = 0; round < 5 && least != 0; round++)
        {
            long allocated = 0;
            for (int i = 0; i < 200; i++)
            {
                var info = path.Info;
                var packetFrames = bed.Place(path, packet.Frame, frames);
                long before = GC.GetAllocatedBytesForCurrentThread();
                var reason = bed.Transmitter.Send(bed.Port, packetFrames, ref info);
                allocated += GC.GetAllocatedBytesForCurrentThread() - before;
                Assert.Equal(DropReason.None, reason);
                bed.Discard();
            }
            least = Math.Min(least, allocated);
        }
        Assert.Equal(0, least);
    }

    private static void Run(PathHarnessOf<TAddress> path, PacketCase packet)
    {
        for (int i = 0; i < Packets; i++)
        {
            if (i % 64 == 0) path.Begin();
            packet.Run(path, i);
        }
    }
}
