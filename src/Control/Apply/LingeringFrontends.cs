using Dataplane.Control.Compile;
using Dataplane.Packets;

namespace Dataplane.Control.Apply;

/// <summary>
/// Frontends that no service has any more, while connections to them go on (K18): their packets must still be led here, by the uplink's
/// program and by the node's own stack, or the stack would answer them with resets. Packets that open a connection there find no service: the
/// uplink's program leaves them to the stack. Pure; one caller at a time.
/// </summary>
internal sealed class LingeringFrontends<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private HashSet<ExternalFrontend<TAddress>> _gone = []; // replaced, never changed: others keep it
    private IReadOnlySet<ExternalFrontend<TAddress>> _current = new HashSet<ExternalFrontend<TAddress>>();
    private IReadOnlySet<ExternalFrontend<TAddress>>? _all;

    /// <summary>Frontends that are kept though no service has them; the set does not change later.</summary>
    public IReadOnlySet<ExternalFrontend<TAddress>> Gone => _gone;

    /// <summary>Frontends of services, and those that linger; the same instance while they are the same.</summary>
    public IReadOnlySet<ExternalFrontend<TAddress>> All => _all ??= _gone.Count == 0 ? _current : new HashSet<ExternalFrontend<TAddress>>([.. _current, .. _gone]);

    /// <summary>Takes over the frontends that services have now. True when some have gone, and it is to be found out whether they are in use.</summary>
    /// <param name="current">The same instance as before costs nothing.</param>
    public bool Follow(IReadOnlySet<ExternalFrontend<TAddress>> current)
    {
        if (ReferenceEquals(current, _current)) return false;
        HashSet<ExternalFrontend<TAddress>> gone = [.. _gone.Where(frontend => !current.Contains(frontend))];
        int kept = gone.Count;
        gone.UnionWith(_current.Where(frontend => !current.Contains(frontend)));
        (_gone, _current, _all) = (gone, current, null);
        return gone.Count > kept;
    }

    /// <summary>Keeps some, whether a service has them or not; true when there are any.</summary>
    public bool Linger(IReadOnlyCollection<ExternalFrontend<TAddress>> used)
    {
        (_gone, _all) = ([.. _gone.Union(used).Except(_current)], null);
        return used.Count > 0;
    }

    /// <summary>Drops those that nothing uses; true when there were such.</summary>
    public bool Forget(IEnumerable<ExternalFrontend<TAddress>> unused)
    {
        HashSet<ExternalFrontend<TAddress>> gone = [.. _gone.Except(unused)];
        if (gone.Count == _gone.Count) return false;
        (_gone, _all) = (gone, null);
        return true;
    }
}
