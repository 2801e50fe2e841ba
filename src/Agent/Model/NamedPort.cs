namespace Dataplane.Agent.Model;

/// <summary>A named container port.</summary>
public readonly record struct NamedPort(string Name, Protocol Protocol, ushort Port) : IComparable<NamedPort>
{
    /// <inheritdoc/>
    public int CompareTo(NamedPort other)
    {
        var order = string.CompareOrdinal(Name, other.Name);
        if (order == 0)
            order = Protocol.CompareTo(other.Protocol);
        return order != 0 ? order : Port.CompareTo(other.Port);
    }

    /// <summary>Orders by name, protocol, port.</summary>
    public static bool operator <(NamedPort left, NamedPort right) => left.CompareTo(right) < 0;

    /// <summary>Orders by name, protocol, port.</summary>
    public static bool operator >(NamedPort left, NamedPort right) => left.CompareTo(right) > 0;

    /// <summary>Orders by name, protocol, port.</summary>
    public static bool operator <=(NamedPort left, NamedPort right) => left.CompareTo(right) <= 0;

    /// <summary>Orders by name, protocol, port.</summary>
    public static bool operator >=(NamedPort left, NamedPort right) => left.CompareTo(right) >= 0;
}
