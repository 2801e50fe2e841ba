using Dataplane.Conntrack;
using Dataplane.Packets;

namespace Dataplane.Telemetry;

/// <summary>A new flow or a drop, as a worker notes it for whoever watches.</summary>
public struct FlowRecord
{
    /// <summary>Unix time, nanoseconds, by the coarse clock of the worker's batch.</summary>
    public long Time;

    /// <summary>How it ended.</summary>
    public VerdictKind Verdict;

    /// <summary>Seen from the pod.</summary>
    public TrafficDirection Direction;

    /// <summary>Why, for a drop or an ICMP error.</summary>
    public DropReason Reason;

    /// <summary>The packet as it came in, IPv4 addresses mapped (::ffff:a.b.c.d); all zero when it was too short to tell.</summary>
    public FlowTuple<IPv6Address> Tuple;

    /// <summary>The packet as it left.</summary>
    public FlowTuple<IPv6Address> Translated;

    public uint SourceIdentity;
    public uint DestinationIdentity;
    public ushort InPort;
    public ushort OutPort;
    public int Length;
    public byte TcpFlags;
}
