using Dataplane.Conntrack;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Stages;

/// <summary>
/// Translates a new flow's destination from a service to one of its endpoints (K5). Which set of endpoints it is drawn from depends on
/// the kind of frontend and on where the client is (K14-K17); a client that is to keep its endpoint is asked for first (K19). The
/// source is left to <see cref="Masquerade"/>.
/// </summary>
public static class ServiceLookup
{
    private const ulong AlikeSeed = 0x51ed270b9f2c6d5b; // the same on every node

    /// <summary>True when a packet is to an address or port of a service, or to an address that is kept for services.</summary>
    public static bool Concerns<TAddress>(in Packet<TAddress> packet, FamilyTables<TAddress> family)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref readonly var tuple = ref packet.Info.Tuple;
        var services = family.Services;
        return services.TryFind(tuple.Destination, tuple.Protocol, tuple.DestinationPort.Value, out _)
            || services.HasClusterAddress(tuple.Destination) || services.InServiceRange(tuple.Destination);
    }

    /// <summary>
    /// Fills in <see cref="PacketInfo{TAddress}.Translated"/>; a packet that is for no service continues with that equal to its tuple.
    /// <see cref="DropReason.ServiceNoEndpoints"/> asks the caller to answer with port unreachable (K6, K18).
    /// </summary>
    /// <param name="packet">The packet that opens the flow; <see cref="PacketFlags.FromOutside"/> says where its client is.</param>
    /// <param name="family">Frontends and endpoints, and which addresses are the node's own.</param>
    /// <param name="affinity">Which endpoint a client had.</param>
    /// <param name="random">64 random bits.</param>
    /// <param name="now">Coarse clock, seconds.</param>
    public static Verdict Run<TAddress>(ref Packet<TAddress> packet, FamilyTables<TAddress> family, AffinityTable<TAddress> affinity, ulong random, uint now)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        var tuple = info.Tuple;
        info.Translated = tuple;
        var services = family.Services;
        if (!services.TryFind(tuple.Destination, tuple.Protocol, tuple.DestinationPort.Value, out var frontend))
        {
            if (services.HasClusterAddress(tuple.Destination)) return Verdict.Drop(DropReason.ServiceNoEndpoints);
            return services.InServiceRange(tuple.Destination) ? Verdict.Drop(DropReason.ServiceUnknown) : Verdict.Continue;
        }

        var service = frontend.Service;
        if (frontend.Kind == FrontendKind.LoadBalancer && service.SourceRanges is { } ranges && !IsInRanges(info, ranges, family))
        {
            return Verdict.Drop(DropReason.ServiceSourceDenied);
        }
        bool outside = (info.Flags & PacketFlags.FromOutside) != 0;
        bool local = frontend.Kind == FrontendKind.ClusterIp ? service.InternalLocal : service.ExternalLocal && outside;
        var set = local ? service.Local : service.Cluster;
        if (set.Count == 0)
        {
            return Verdict.Drop(service.Cluster.Count + service.Local.Count == 0 ? DropReason.ServiceNoEndpoints : DropReason.ServiceNoLocalEndpoints);
        }
        var backend = service.AffinitySeconds != 0
            ? Keep(tuple.Source, service, set, affinity, now)
            : outside ? set.ChooseAlike(tuple.Hash(AlikeSeed), random) : set.Choose(random);
        info.Flags |= PacketFlags.ToService;
        info.Translated = new FlowTuple<TAddress>(tuple.Source, backend.Address, tuple.SourcePort, backend.Port, tuple.Protocol);
        return Verdict.Continue;
    }

    // The node's own processes ask with the host port's address, and whoever writes ranges knows that of the node.
    private static bool IsInRanges<TAddress>(in PacketInfo<TAddress> info, PrefixTable<TAddress> ranges, FamilyTables<TAddress> family)
        where TAddress : unmanaged, IIpAddress<TAddress> =>
        ranges.Find(info.Tuple.Source) >= 0
        || info.Origin == PacketOrigin.Host && info.Tuple.Source.Equals(family.Gateway) && ranges.Find(family.NodeAddress) >= 0;

    private static Backend<TAddress> Keep<TAddress>(TAddress client, Service<TAddress> service, BackendSet<TAddress> set, AffinityTable<TAddress> affinity, uint now)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        if (!affinity.TryFind(client, service.Id, service.AffinitySeconds, now, out var backend) || !set.Contains(backend))
        {
            backend = set.Choose(affinity.Draw(client, service.Id, service.AffinitySeconds, now));
        }
        affinity.Remember(client, service.Id, backend, now);
        return backend;
    }
}
