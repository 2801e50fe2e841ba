using Dataplane.Packets;

namespace Dataplane.Tables;

/// <summary>
/// Endpoints of which a new connection gets one: at random, or for who wants every node to choose alike by a Maglev table. Choosing
/// costs the same for any number of them.
/// </summary>
public sealed class BackendSet<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private readonly Backend<TAddress>[] _backends;
    private readonly MaglevTable? _maglev;

    /// <param name="backends">Ascending by address and port, none twice; not changed afterwards.</param>
    /// <param name="maglev">Made of the same endpoints in the same order; null: there is none, and all choices are random.</param>
    public BackendSet(Backend<TAddress>[] backends, MaglevTable? maglev = null)
    {
        _backends = backends;
        _maglev = maglev;
    }

    /// <summary>No endpoints.</summary>
    public static BackendSet<TAddress> Empty { get; } = new([]);

    /// <summary>Endpoints in the set.</summary>
    public int Count => _backends.Length;

    /// <summary>The endpoints.</summary>
    public ReadOnlySpan<Backend<TAddress>> Backends => _backends;

    /// <summary>One of the endpoints, of which there is at least one, by 64 random bits.</summary>
    public Backend<TAddress> Choose(ulong random) =>
        // The high half of a product spreads evenly over [0, n) and needs no division.
        _backends[(int)Math.BigMul(random, (ulong)_backends.Length, out _)];

    /// <summary>
    /// The same, but where there is a Maglev table by <paramref name="hash"/>: every node chooses alike, and nearly all choices stay
    /// when other endpoints come and go (X2).
    /// </summary>
    public Backend<TAddress> ChooseAlike(ulong hash, ulong random) => _maglev is null ? Choose(random) : _backends[_maglev.Find(hash)];

    /// <summary>True when the endpoint is in the set.</summary>
    public bool Contains(in Backend<TAddress> backend)
    {
        int low = 0, high = _backends.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            int order = backend.CompareTo(_backends[middle]);
            if (order == 0) return true;
            if (order < 0) high = middle - 1;
            else low = middle + 1;
        }
        return false;
    }
}
