namespace Dataplane.Conntrack;

/// <summary>Facts about a flow.</summary>
[Flags]
public enum FlowFlags : byte
{
    None = 0,

    /// <summary>A packet in the reply direction was seen.</summary>
    Replied = 1,

    /// <summary>FIN seen in the original direction.</summary>
    FinOriginal = 2,

    /// <summary>FIN seen in the reply direction.</summary>
    FinReply = 4,

    /// <summary>The destination was translated by a service.</summary>
    Service = 8,

    /// <summary>The source was translated (hairpin or masquerade).</summary>
    Masqueraded = 16,

    /// <summary>The source port is from the <see cref="NatPortPool"/>, and goes back there.</summary>
    PooledPort = 32,

    /// <summary>Who opened it is reached on the underlay, even where a tunnel leads to its address too.</summary>
    FromUnderlay = 64,
}
