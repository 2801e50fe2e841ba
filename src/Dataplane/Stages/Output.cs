using System.Runtime.InteropServices;
using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;

namespace Dataplane.Stages;

/// <summary>Gives the packet the link header of its way out: Ethernet towards a port, VXLAN towards another node.</summary>
public static class Output
{
    /// <summary>Expects the IP packet as it leaves.</summary>
    public static Verdict Run<TAddress>(ref Packet<TAddress> packet, PathContext<TAddress> context)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        if (info.Action.Kind == ForwardKind.Overlay)
        {
            int segments = 1;
            if (info.SegmentSize != 0) segments = Segment.Count(ref packet);
            else if (info.HeadLength == info.TotalLength) CompleteChecksum.Run(ref packet); // that of several frames is left to the worker, which has them all
            return VxlanEncap.Run(ref packet, context.Tables.Vteps[(int)info.Action.Target], context.NextIdentification(segments));
        }
        var ethernet = new EthernetHeader { Destination = info.Action.NextHop, Source = context.Tables.Node.GatewayMac, EtherType = Be16.FromHost(TAddress.EtherType) };
        if (info.Action.Kind == ForwardKind.Neighbor)
        {
            if (!context.Family.Underlay.TryGet((int)info.Action.Target, out var neighbor)) return Verdict.Drop(DropReason.RouteUnreachable);
            ethernet.Destination = neighbor.Mac;
            ethernet.Source = neighbor.Source;
        }
        MemoryMarshal.Write(packet.Data[(info.NetworkOffset - EthernetHeader.Size)..], in ethernet);
        return Verdict.Forward(info.Action.Port);
    }
}
