namespace Dataplane.Conntrack;

/// <summary>Protocols as far as timeouts tell them apart.</summary>
internal enum ProtocolClass : byte
{
    Tcp = 0,
    Udp = 1,
    Icmp = 2,
    Other = 3,
}
