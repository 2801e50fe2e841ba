namespace Dataplane.Agent.Model;

/// <summary>The named container ports of a pod: immutable, ordered, compared by content.</summary>
public sealed class NamedPortSet : IEquatable<NamedPortSet>
{
    /// <summary>No named ports.</summary>
    public static readonly NamedPortSet Empty = new([]);

    private readonly NamedPort[] _ports;
    private readonly int _hash;

    /// <summary>Makes a set; doubles are dropped.</summary>
    public NamedPortSet(IEnumerable<NamedPort> ports)
    {
        _ports = [.. ports.Distinct().Order()];
        var hash = new HashCode();
        foreach (var port in _ports)
            hash.Add(port);
        _hash = hash.ToHashCode();
    }

    /// <summary>The ports, ordered by name, protocol and number.</summary>
    public IReadOnlyList<NamedPort> Ports => _ports;

    /// <summary>The numbers that a name stands for under a protocol; empty when it means nothing here (P16).</summary>
    public IEnumerable<ushort> Resolve(string name, Protocol protocol)
    {
        foreach (var port in _ports)
        {
            if (port.Protocol == protocol && port.Name == name)
                yield return port.Port;
        }
    }

    /// <inheritdoc/>
    public bool Equals(NamedPortSet? other) =>
        ReferenceEquals(this, other) || (other is not null && other._hash == _hash && other._ports.AsSpan().SequenceEqual(_ports));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as NamedPortSet);

    /// <inheritdoc/>
    public override int GetHashCode() => _hash;
}
