namespace Dataplane.Cni.Configuration;

/// <summary>"onPolicyTimeout": what ADD does when the pod's policy has not come in time.</summary>
internal enum PolicyTimeoutAction
{
    /// <summary>It undoes the attachment and fails with code 11; the runtime tries again.</summary>
    Fail,

    /// <summary>It succeeds. The pod starts without connectivity, which comes with its policy.</summary>
    Continue,
}
