using Dataplane.Agent.Model;
using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Desired;

/// <summary>Picks the backends that may take new connections (K4, K20).</summary>
internal static class Eligible
{
    /// <summary>
    /// One backend per address and port, the local claim before others. Of each family those that are ready; where none
    /// is, those that still serve while they terminate.
    /// </summary>
    public static IEnumerable<V1.Backend> Of(IEnumerable<EndpointCandidate> candidates, string nodeName)
    {
        var best = new Dictionary<(IpAddress, ushort), EndpointCandidate>();
        foreach (var candidate in candidates)
        {
            var key = (candidate.Address, candidate.Port);
            if (!best.TryGetValue(key, out var known) || IsBetter(candidate, known, nodeName))
                best[key] = candidate;
        }
        return best.Values
            .GroupBy(c => c.Address.IsIPv6)
            .SelectMany(family => family.Any(c => c.Ready)
                ? family.Where(c => c.Ready)
                : family.Where(c => c.Serving && c.Terminating))
            .OrderBy(c => c.Address).ThenBy(c => c.Port)
            .Select(c => new V1.Backend { Address = c.Address.ToString(), Port = c.Port, Node = c.Node });
    }

    private static bool IsBetter(EndpointCandidate candidate, EndpointCandidate known, string nodeName)
    {
        bool local = candidate.Node == nodeName, knownLocal = known.Node == nodeName;
        return local != knownLocal ? local : candidate.Rank > known.Rank;
    }
}
