using System.Numerics;

namespace Dataplane.Tables;

/// <summary>
/// Verdicts by (policy, direction, identity, protocol, port). Two hash probes, one for the peer's identity and one for rules that
/// name no peer, then a binary search in the merged port ranges: no cost grows with the number of policies, pods or rules.
/// </summary>
public sealed class PolicyTable
{
    private readonly bool[] _ingressIsolated;
    private readonly bool[] _egressIsolated;
    private readonly ulong[] _keys;
    private readonly int[] _first; // -1: free
    private readonly int[] _count;
    private readonly uint[] _starts; // protocol << 16 | first port, ascending within a run
    private readonly uint[] _ends;
    private readonly int _shift;

    public PolicyTable(IReadOnlyList<PolicyDefinition> policies)
    {
        _ingressIsolated = new bool[policies.Count];
        _egressIsolated = new bool[policies.Count];
        var runs = new Dictionary<ulong, List<(uint Start, uint End)>>();
        for (int i = 0; i < policies.Count; i++)
        {
            _ingressIsolated[i] = policies[i].IngressIsolated;
            _egressIsolated[i] = policies[i].EgressIsolated;
            Collect(runs, i, TrafficDirection.Ingress, policies[i].Ingress);
            Collect(runs, i, TrafficDirection.Egress, policies[i].Egress);
        }

        int size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(4, runs.Count * 2));
        _shift = 64 - BitOperations.Log2((uint)size);
        _keys = new ulong[size];
        _first = new int[size];
        _count = new int[size];
        Array.Fill(_first, -1);
        var starts = new List<uint>();
        var ends = new List<uint>();
        foreach (var (key, ranges) in runs)
        {
            int slot = SlotOf(key);
            while (_first[slot] >= 0) slot = slot + 1 & size - 1;
            _keys[slot] = key;
            _first[slot] = starts.Count;
            Merge(ranges, starts, ends);
            _count[slot] = starts.Count - _first[slot];
        }
        _starts = [.. starts];
        _ends = [.. ends];
    }

    /// <summary>Policies in the table.</summary>
    public int Count => _ingressIsolated.Length;

    /// <summary>True when the policy allows <paramref name="peer"/> to open the connection.</summary>
    /// <param name="policy">Index of the policy.</param>
    /// <param name="direction">Direction as the pod sees it.</param>
    /// <param name="peer">Identity of the other end.</param>
    /// <param name="protocol">IP protocol number.</param>
    /// <param name="port">Destination port after translation, host order; 0 for protocols without ports.</param>
    public bool Allows(int policy, TrafficDirection direction, uint peer, byte protocol, ushort port)
    {
        bool isolated = direction == TrafficDirection.Ingress ? _ingressIsolated[policy] : _egressIsolated[policy];
        if (!isolated) return true;
        uint point = (uint)protocol << 16 | port;
        return Matches(Key(policy, direction, peer), point) || Matches(Key(policy, direction, 0), point);
    }

    /// <summary>Slots that the longer of a lookup's two probes reads.</summary>
    internal int StepsOf(int policy, TrafficDirection direction, uint peer) => Math.Max(Steps(Key(policy, direction, peer)), Steps(Key(policy, direction, 0)));

    private int Steps(ulong key)
    {
        int slot = SlotOf(key), steps = 1;
        for (; _first[slot] >= 0 && _keys[slot] != key; steps++) slot = slot + 1 & _keys.Length - 1;
        return steps;
    }

    private bool Matches(ulong key, uint point)
    {
        int slot = SlotOf(key);
        while (_first[slot] >= 0 && _keys[slot] != key) slot = slot + 1 & _keys.Length - 1;
        if (_first[slot] < 0) return false;
        int low = _first[slot], high = low + _count[slot] - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (point < _starts[middle]) high = middle - 1;
            else if (point > _ends[middle]) low = middle + 1;
            else return true;
        }
        return false;
    }

    private static void Collect(Dictionary<ulong, List<(uint Start, uint End)>> runs, int policy, TrafficDirection direction, IReadOnlyList<PolicyRule> rules)
    {
        foreach (var rule in rules)
        {
            ulong key = Key(policy, direction, rule.Identity);
            if (!runs.TryGetValue(key, out var ranges)) runs[key] = ranges = [];
            uint protocol = (uint)rule.Protocol << 16;
            if (rule.Protocol == 0) ranges.Add((0, uint.MaxValue));
            else if (rule.FirstPort == 0 && rule.LastPort == 0) ranges.Add((protocol, protocol | 0xffff));
            else ranges.Add((protocol | rule.FirstPort, protocol | rule.LastPort));
        }
    }

    private static void Merge(List<(uint Start, uint End)> ranges, List<uint> starts, List<uint> ends)
    {
        ranges.Sort();
        int first = starts.Count;
        foreach (var (start, end) in ranges)
        {
            if (starts.Count > first && start <= ends[^1] + (ulong)1)
            {
                if (end > ends[^1]) ends[^1] = end;
                continue;
            }
            starts.Add(start);
            ends.Add(end);
        }
    }

    private static ulong Key(int policy, TrafficDirection direction, uint identity) =>
        (ulong)(uint)policy << 34 | (ulong)direction << 32 | identity;

    private int SlotOf(ulong key) => (int)(key * 0x9e3779b97f4a7c15 >> _shift);
}
