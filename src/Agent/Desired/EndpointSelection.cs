using System.Runtime.InteropServices;
using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Desired;

/// <summary>Which new connections each endpoint takes: readiness (K20) and nearness (K21), for each family by itself.</summary>
internal static class EndpointSelection
{
    /// <summary>Puts candidates in order, leaves the best claim to each address and port, and drops those that do not serve.</summary>
    public static void Settle(List<EndpointCandidate> candidates)
    {
        candidates.Sort(EndpointCandidate.Compare);
        var kept = 0;
        for (var i = 0; i < candidates.Count; i++)
        {
            var candidate = candidates[i];
            if (i > 0 && candidates[i - 1].Address == candidate.Address && candidates[i - 1].Port == candidate.Port)
                continue;
            // Never moves one up past the next to be looked at, so the line above still sees the one before.
            if (candidate.Ready || candidate.IsLastResort)
                candidates[kept++] = candidate;
        }
        candidates.RemoveRange(kept, candidates.Count - kept);
    }

    /// <summary>The backends of settled candidates, in their order.</summary>
    public static IEnumerable<V1.Backend> ToBackends(List<EndpointCandidate> settled)
    {
        var ipv6 = settled.FindIndex(c => c.Address.IsIPv6);
        if (ipv6 < 0)
            ipv6 = settled.Count;
        return ToBackends(settled, 0, ipv6).Concat(ToBackends(settled, ipv6, settled.Count));
    }

    private static IEnumerable<V1.Backend> ToBackends(List<EndpointCandidate> settled, int start, int end)
    {
        var facts = Facts.Of(CollectionsMarshal.AsSpan(settled)[start..end]);
        for (var i = start; i < end; i++)
        {
            var candidate = settled[i];
            yield return new V1.Backend
            {
                Address = candidate.Address.ToString(), Port = candidate.Port, Node = candidate.Node, Use = facts.UseOf(candidate),
            };
        }
    }

    // What has to be known of all endpoints of a family before one can be judged.
    private struct Facts
    {
        private bool _anyReady;
        private bool _anyReadyHere;
        private bool _byNode;
        private bool _byZone;

        public static Facts Of(ReadOnlySpan<EndpointCandidate> candidates)
        {
            var facts = new Facts();
            bool allNode = true, allZone = true, someNode = false, someZone = false;
            foreach (var candidate in candidates)
            {
                if (!candidate.Ready)
                    continue;
                facts._anyReady = true;
                facts._anyReadyHere |= candidate.IsLocal;
                allNode &= candidate.NodeHint != Hint.None;
                allZone &= candidate.ZoneHint != Hint.None;
                someNode |= candidate.NodeHint == Hint.Here;
                someZone |= candidate.ZoneHint == Hint.Here;
            }
            facts._byNode = allNode && someNode;
            facts._byZone = allZone && someZone;
            return facts;
        }

        // Near enough matters among ready endpoints only, and for the cluster set only: what is left of a dying service,
        // or of a node, is not narrowed further.
        public readonly V1.Backend.Types.Use UseOf(EndpointCandidate candidate)
        {
            var cluster = _anyReady ? candidate.Ready && IsNear(candidate) : candidate.IsLastResort;
            var local = candidate.IsLocal && (_anyReadyHere ? candidate.Ready : candidate.IsLastResort);
            return (cluster, local) switch
            {
                (true, true) => V1.Backend.Types.Use.ClusterAndLocal,
                (true, false) => V1.Backend.Types.Use.Cluster,
                (false, true) => V1.Backend.Types.Use.Local,
                _ => V1.Backend.Types.Use.None,
            };
        }

        private readonly bool IsNear(EndpointCandidate candidate) =>
            _byNode ? candidate.NodeHint == Hint.Here : !_byZone || candidate.ZoneHint == Hint.Here;
    }
}
