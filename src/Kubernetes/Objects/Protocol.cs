namespace Dataplane.Kubernetes;

/// <summary>Transport protocols of the API (v1.Protocol). TCP is the API's default.</summary>
public enum Protocol
{
    /// <summary>TCP.</summary>
    Tcp,

    /// <summary>UDP.</summary>
    Udp,

    /// <summary>SCTP.</summary>
    Sctp,
}
