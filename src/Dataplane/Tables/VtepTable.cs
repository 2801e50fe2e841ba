using Dataplane.Packets;

namespace Dataplane.Tables;

/// <summary>Remote tunnel end points by index (from routes) and by address (from frames that come in).</summary>
public sealed class VtepTable
{
    private readonly Vtep[] _vteps;
    private readonly AddressMap<IPv4Address> _byAddress;

    public VtepTable(Vtep[] vteps)
    {
        _vteps = vteps;
        var pairs = new List<KeyValuePair<IPv4Address, int>>(vteps.Length);
        for (int i = 0; i < vteps.Length; i++) pairs.Add(new(vteps[i].Remote, i));
        _byAddress = new AddressMap<IPv4Address>(pairs);
    }

    /// <summary>End points in the table.</summary>
    public int Count => _vteps.Length;

    /// <summary>The end point with an index from <see cref="Find"/> or a route.</summary>
    public Vtep this[int index] => _vteps[index];

    /// <summary>Index of the end point with this underlay address, or -1.</summary>
    public int Find(IPv4Address remote) => _byAddress.Find(remote);
}
