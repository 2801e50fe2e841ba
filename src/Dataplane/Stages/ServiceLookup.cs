using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Stages;

/// <summary>
/// Translates a new flow's destination from a service to one of its backends (K5), chosen uniformly at random (K7). The client's
/// address stays.
/// </summary>
public static class ServiceLookup
{
    /// <summary>
    /// Fills in <see cref="PacketInfo{TAddress}.Translated"/>. <see cref="DropReason.ServiceNoEndpoints"/> asks the caller to answer
    /// with port unreachable (K6, K18).
    /// </summary>
    /// <param name="packet">The packet that opens the flow.</param>
    /// <param name="services">Frontends and backends.</param>
    /// <param name="random">64 random bits.</param>
    public static Verdict Run<TAddress>(ref Packet<TAddress> packet, ServiceTable<TAddress> services, ulong random)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        var tuple = info.Tuple;
        info.Translated = tuple;
        int service = services.Find(tuple.Destination, tuple.Protocol, tuple.DestinationPort.Value);
        if (service < 0)
        {
            if (services.HasAddress(tuple.Destination)) return Verdict.Drop(DropReason.ServiceNoEndpoints);
            return services.InServiceRange(tuple.Destination) ? Verdict.Drop(DropReason.ServiceUnknown) : Verdict.Continue;
        }
        // Its checksum is a CRC over the whole packet, ports included: translating it needs more than a delta.
        if (tuple.Protocol is not (IpProtocol.Tcp or IpProtocol.Udp)) return Verdict.Drop(DropReason.ServiceProtocolUnsupported);
        var backends = services.BackendsOf(service);
        if (backends.IsEmpty) return Verdict.Drop(DropReason.ServiceNoEndpoints);

        // The high half of a product spreads evenly over [0, n) and needs no division.
        var backend = backends[(int)Math.BigMul(random, (ulong)backends.Length, out _)];
        info.Translated = new FlowTuple<TAddress>(tuple.Source, backend.Address, tuple.SourcePort, backend.Port, tuple.Protocol);
        return Verdict.Continue;
    }
}
