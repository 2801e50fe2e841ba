namespace Dataplane.Tables;

/// <summary>Whose address serves node ports.</summary>
public enum NodeAddressKind
{
    /// <summary>Nobody's that does.</summary>
    None = -1,

    /// <summary>This node's.</summary>
    Local = 0,

    /// <summary>Another node's: its node ports are translated here, where the client is.</summary>
    Remote = 1,
}
