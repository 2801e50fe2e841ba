namespace Dataplane.Agent.Desired;

/// <summary>What an endpoint's hint means for this node (K21).</summary>
internal enum Hint : byte
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>It is for clients elsewhere.</summary>
    Others,

    /// <summary>It is for clients here.</summary>
    Here,
}
