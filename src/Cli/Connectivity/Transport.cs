namespace Dataplane.Cli.Connectivity;

/// <summary>How a probe asks.</summary>
internal enum Transport
{
    /// <summary>HTTP over TCP.</summary>
    Tcp,

    /// <summary>HTTP over TCP, with a request of more than an Ethernet frame.</summary>
    TcpLarge,

    /// <summary>One datagram.</summary>
    Udp,

    /// <summary>An ICMP echo.</summary>
    Ping,
}
