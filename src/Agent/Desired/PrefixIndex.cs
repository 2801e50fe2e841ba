using Dataplane.Agent.Model;

namespace Dataplane.Agent.Desired;

/// <summary>The prefixes that policies name, in cidr and in except, ordered so that what a prefix holds is one run.</summary>
public sealed class PrefixIndex
{
    private readonly IpPrefix[] _sorted;
    private readonly HashSet<IpPrefix> _set;
    // Longest first, per family: an address is looked up once per length that occurs.
    private readonly byte[] _lengths4;
    private readonly byte[] _lengths6;

    /// <summary>Makes an index; doubles are dropped.</summary>
    public PrefixIndex(IEnumerable<IpPrefix> prefixes)
    {
        _set = [.. prefixes];
        _sorted = [.. _set.Order()];
        _lengths4 = LengthsOf(false);
        _lengths6 = LengthsOf(true);
    }

    /// <summary>Every prefix, ordered.</summary>
    public IReadOnlyList<IpPrefix> All => _sorted;

    /// <summary>
    /// The longest prefix that holds the address, or null. It says everything policies can ask: the other prefixes that
    /// hold the address are exactly those that hold this one.
    /// </summary>
    public IpPrefix? LongestCovering(IpAddress address)
    {
        foreach (var length in address.IsIPv6 ? _lengths6 : _lengths4)
        {
            var candidate = new IpPrefix(address.Value, length, address.IsIPv6);
            if (_set.Contains(candidate))
                return candidate;
        }
        return null;
    }

    /// <summary>The prefixes that lie inside <paramref name="cidr"/>, itself included where it is in the index.</summary>
    public ReadOnlySpan<IpPrefix> Inside(IpPrefix cidr)
    {
        var start = Array.BinarySearch(_sorted, cidr);
        if (start < 0)
            start = ~start;
        var end = start;
        while (end < _sorted.Length && cidr.Contains(_sorted[end]))
            end++;
        return _sorted.AsSpan(start, end - start);
    }

    private byte[] LengthsOf(bool ipv6) =>
        [.. _set.Where(p => p.IsIPv6 == ipv6).Select(p => p.Length).Distinct().OrderDescending()];
}
