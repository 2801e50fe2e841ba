using Dataplane.Conntrack;
using Dataplane.Control.Options;
using Dataplane.Packets;
using Xdp.Interop;

namespace Dataplane.Control.Apply;

/// <summary>The node's connection tables, one per address family, and the memory that they are in.</summary>
internal sealed class NodeConntrack : IDisposable
{
    private readonly List<NativeMemoryRegion> _memory = [];

    /// <param name="options">How many entries, which timeouts, which ports for translated sources.</param>
    /// <param name="workers">How many workers write.</param>
    /// <exception cref="XdpException">There is not so much memory.</exception>
    public NodeConntrack(DataplaneOptions options, int workers)
    {
        try
        {
            V4 = Create<IPv4Address>(options, workers);
            if (options.DualStack) V6 = Create<IPv6Address>(options, workers);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Connections of IPv4.</summary>
    public ConntrackTable<IPv4Address> V4 { get; }

    /// <summary>Those of IPv6; null in a cluster without it.</summary>
    public ConntrackTable<IPv6Address>? V6 { get; }

    /// <summary>Gives the memory back. Nobody may use the tables any more.</summary>
    public void Dispose()
    {
        foreach (var region in _memory) region.Dispose();
    }

    private ConntrackTable<TAddress> Create<TAddress>(DataplaneOptions options, int workers)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        var memory = NativeMemoryRegion.Create(ConntrackTable<TAddress>.RequiredBytes(options.ConntrackEntries, workers), hugePages: true, "conntrack");
        _memory.Add(memory);
        return new ConntrackTable<TAddress>(
            memory.Memory, options.ConntrackEntries, workers, (ulong)Random.Shared.NextInt64(), options.ConntrackTimeouts, new NatPortPool(options.NatPorts.First, options.NatPorts.Last));
    }
}
