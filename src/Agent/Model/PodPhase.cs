namespace Dataplane.Agent.Model;

/// <summary>v1.PodPhase.</summary>
public enum PodPhase
{
    /// <summary>Not started; also what a manifest without status means.</summary>
    Pending,

    /// <summary>Running.</summary>
    Running,

    /// <summary>Ended well: selects nothing (P28).</summary>
    Succeeded,

    /// <summary>Ended badly: selects nothing (P28).</summary>
    Failed,

    /// <summary>The node does not report.</summary>
    Unknown,
}
