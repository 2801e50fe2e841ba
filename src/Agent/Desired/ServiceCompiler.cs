using Dataplane.Agent.Model;
using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Desired;

/// <summary>
/// Computes the service ports from what changed since the view before: finds the services concerned, makes those anew, and
/// lets them compete for frontends. One changed slice among 100,000 endpoints costs the service it is of. The result is
/// that of a compilation from nothing.
/// </summary>
internal sealed class ServiceCompiler(string nodeName, ServiceOptions options)
{
    private readonly ServiceSources _sources = new(nodeName, options);
    private readonly FrontendClaims _claims = new();
    private readonly SortedDictionary<ServiceKey, string[]> _warnings = [];
    private ServicePart _last = ServicePart.Empty;

    /// <summary>Compiles a view; everything is compared with the one of the call before.</summary>
    public ServicePart Compile(ClusterObjects objects)
    {
        var (concerned, changes) = _sources.Update(objects);
        var outcome = new HashSet<ServiceEntry>(concerned);
        foreach (var entry in concerned)
        {
            var draft = _sources.Build(entry);
            if (!draft.AsksAs(entry.Draft))
                _claims.Replace(entry, draft, outcome);
            entry.Draft = draft;
        }
        List<V1.Service> removed = [], added = [];
        var gaps = _last.Gaps;
        var warned = false;
        foreach (var entry in outcome)
        {
            gaps -= entry.Gaps;
            warned |= Settle(entry, removed, added);
            gaps += entry.Gaps;
            _sources.ForgetIfEmpty(entry);
        }
        return _last = new ServicePart(
            _last.Messages.With(removed, added),
            warned ? [.. _warnings.Values.SelectMany(w => w)] : _last.Warnings,
            gaps,
            changes);
    }

    // Makes what is sent of what was asked for; true when there are other warnings now.
    private bool Settle(ServiceEntry entry, List<V1.Service> removed, List<V1.Service> added)
    {
        var lost = new List<FrontendClaim>();
        var warnings = new List<string>(entry.Draft.Warnings);
        foreach (var claim in entry.Draft.Claims)
        {
            if (_claims.OwnerOf(claim.Key) is var owner && owner == entry)
                continue;
            lost.Add(claim);
            warnings.Add($"{entry.Key}: {claim.Field} {claim.Key} belongs to {owner.Key} and is not served here; choose another");
        }
        var messages = entry.Draft.Without(lost);
        KeepEqual(entry.Messages, messages, removed, added);
        entry.Messages = messages;
        entry.Gaps = LocalGaps.Of(messages);
        if (warnings.SequenceEqual(entry.Warnings))
            return false;
        entry.Warnings = [.. warnings];
        if (warnings.Count == 0)
            _warnings.Remove(entry.Key);
        else
            _warnings[entry.Key] = entry.Warnings;
        return true;
    }

    // A message that says the same as before stays the same instance: nobody after us has to look at it.
    private static void KeepEqual(V1.Service[] before, V1.Service[] after, List<V1.Service> removed, List<V1.Service> added)
    {
        for (int i = 0, old = 0; i < after.Length || old < before.Length;)
        {
            var order = old == before.Length ? 1 : i == after.Length ? -1 : MessageOrder.Compare(before[old], after[i]);
            if (order < 0)
                removed.Add(before[old++]);
            else if (order > 0)
                added.Add(after[i++]);
            else if (before[old++] is var known && known.Equals(after[i]))
                after[i++] = known;
            else
                added.Add(after[i++]);
        }
    }
}
