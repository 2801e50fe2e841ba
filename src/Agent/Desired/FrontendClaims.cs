namespace Dataplane.Agent.Desired;

/// <summary>
/// Who has which frontend. Of two services that ask for the same address, protocol and port, the one whose own cluster
/// address it is has it, then the older one, then the first by namespace and name: the same on every node and in every
/// order of events. The dataplane would refuse a state with doubles, and with it every other change.
/// </summary>
internal sealed class FrontendClaims
{
    private readonly Dictionary<FrontendKey, Claimant> _owners = [];

    // Claimants that have to wait; hardly ever any.
    private readonly Dictionary<FrontendKey, List<Claimant>> _waiting = [];

    /// <summary>Takes a service's claims in the place of those it had.</summary>
    /// <param name="entry">The service.</param>
    /// <param name="draft">Its new draft; the entry's own is still the old one.</param>
    /// <param name="touched">Gets other services that won or lost a frontend by this.</param>
    public void Replace(ServiceEntry entry, ServiceDraft draft, HashSet<ServiceEntry> touched)
    {
        foreach (var claim in entry.Draft.Claims)
            Release(claim.Key, entry, touched);
        foreach (var claim in draft.Claims)
            Take(claim.Key, new Claimant(entry, claim.IsClusterIP, draft.Created), touched);
    }

    /// <summary>The service that has a frontend.</summary>
    public ServiceEntry OwnerOf(FrontendKey key) => _owners[key].Entry;

    private void Release(FrontendKey key, ServiceEntry entry, HashSet<ServiceEntry> touched)
    {
        _waiting.TryGetValue(key, out var waiting);
        if (_owners[key].Entry != entry)
        {
            waiting!.RemoveAll(c => c.Entry == entry);
        }
        else if (waiting is null)
        {
            _owners.Remove(key);
        }
        else
        {
            waiting.Sort();
            _owners[key] = waiting[0];
            // Those who go on waiting name the owner in their warning.
            touched.UnionWith(waiting.Select(c => c.Entry));
            waiting.RemoveAt(0);
        }
        if (waiting?.Count == 0)
            _waiting.Remove(key);
    }

    private void Take(FrontendKey key, Claimant claimant, HashSet<ServiceEntry> touched)
    {
        if (_owners.TryAdd(key, claimant))
            return;
        if (!_waiting.TryGetValue(key, out var waiting))
            _waiting.Add(key, waiting = []);
        var owner = _owners[key];
        if (claimant.CompareTo(owner) < 0)
        {
            touched.UnionWith(waiting.Select(c => c.Entry));
            touched.Add(owner.Entry);
            (_owners[key], claimant) = (claimant, owner);
        }
        waiting.Add(claimant);
    }

    private readonly record struct Claimant(ServiceEntry Entry, bool IsClusterIP, DateTimeOffset Created) : IComparable<Claimant>
    {
        public int CompareTo(Claimant other)
        {
            var order = other.IsClusterIP.CompareTo(IsClusterIP);
            if (order == 0)
                order = Created.CompareTo(other.Created);
            return order != 0 ? order : Entry.Key.CompareTo(other.Entry.Key);
        }
    }
}
