using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;

namespace Dataplane.Stages;

/// <summary>Computes what a translation adds to checksums, once per flow and direction.</summary>
public static class NatDeltas
{
    /// <summary>Fills in whether and how <paramref name="from"/> becomes <paramref name="to"/>.</summary>
    public static void Set<TAddress>(ref FlowAction action, in FlowTuple<TAddress> from, in FlowTuple<TAddress> to)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        action.Rewrites = from != to;
        ulong before = (ulong)from.Source.ChecksumWords + from.Destination.ChecksumWords;
        ulong after = (ulong)to.Source.ChecksumWords + to.Destination.ChecksumWords;
        action.AddressDelta = Checksum.Delta(before, after);
        if (from.Protocol == TAddress.IcmpProtocol)
        {
            // One identifier, which the tuple has twice; whether addresses count is a matter of the family.
            before = TAddress.IcmpCoversAddresses ? before : 0;
            after = TAddress.IcmpCoversAddresses ? after : 0;
            action.TransportDelta = Checksum.Delta(before + from.SourcePort.Raw, after + to.SourcePort.Raw);
            return;
        }
        before += (ulong)from.SourcePort.Raw + from.DestinationPort.Raw;
        after += (ulong)to.SourcePort.Raw + to.DestinationPort.Raw;
        action.TransportDelta = Checksum.Delta(before, after);
    }
}
