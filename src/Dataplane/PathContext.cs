using Dataplane.Conntrack;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane;

/// <summary>
/// What one worker's packet path works with. A worker has one per address family and alone uses it; <see cref="Tables"/> is taken
/// anew for each batch.
/// </summary>
public sealed class PathContext<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    // ICMP errors per worker and second; the kernel's own default is 1,000 for the whole machine (icmp_msgs_per_sec).
    private const int IcmpErrorsPerSecond = 1000;

    private ulong _random;
    private ushort _identification;
    private uint _icmpSecond;
    private int _icmpBudget;

    /// <param name="conntrack">Shared by all workers.</param>
    /// <param name="flows">This worker's side of it.</param>
    /// <param name="fragments">This worker's own.</param>
    /// <param name="affinity">Shared by all workers.</param>
    /// <param name="seed">Start of the worker's random numbers; any value.</param>
    public PathContext(ConntrackTable<TAddress> conntrack, ConntrackWriter<TAddress> flows, FragmentTable<TAddress> fragments, AffinityTable<TAddress> affinity, ulong seed)
    {
        Conntrack = conntrack;
        Affinity = affinity;
        Flows = flows;
        Fragments = fragments;
        _random = seed | 1;
        Tables = null!;
        Family = null!;
    }

    /// <summary>Snapshot for this batch.</summary>
    public DataplaneTables Tables { get; private set; }

    /// <summary>The family's part of <see cref="Tables"/>.</summary>
    public FamilyTables<TAddress> Family { get; private set; }

    /// <summary>All flows.</summary>
    public ConntrackTable<TAddress> Conntrack { get; }

    /// <summary>Makes and removes flows.</summary>
    public ConntrackWriter<TAddress> Flows { get; }

    /// <summary>Fragments under way.</summary>
    public FragmentTable<TAddress> Fragments { get; }

    /// <summary>Which endpoint of a service a client had.</summary>
    public AffinityTable<TAddress> Affinity { get; }

    /// <summary>Seconds on the coarse clock of conntrack.</summary>
    public uint Now { get; private set; }

    /// <summary>Takes the tables and the time for the next batch.</summary>
    public void Begin(DataplaneTables tables, FamilyTables<TAddress> family, uint now)
    {
        Tables = tables;
        Family = family;
        Now = now;
    }

    /// <summary>64 random bits (xorshift64*): for spreading load, not for secrets.</summary>
    public ulong NextRandom()
    {
        _random ^= _random >> 12;
        _random ^= _random << 25;
        _random ^= _random >> 27;
        return _random * 0x2545f4914f6cdd1d;
    }

    /// <summary>IPv4 identification for a packet of our own, or the first of <paramref name="count"/>.</summary>
    public ushort NextIdentification(int count = 1)
    {
        ushort first = _identification;
        _identification += (ushort)count;
        return first;
    }

    /// <summary>True when one more ICMP error may be sent in this second.</summary>
    public bool TakeIcmpError()
    {
        if (_icmpSecond != Now)
        {
            _icmpSecond = Now;
            _icmpBudget = IcmpErrorsPerSecond;
        }
        return _icmpBudget-- > 0;
    }
}
