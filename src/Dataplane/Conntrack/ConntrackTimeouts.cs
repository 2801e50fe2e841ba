namespace Dataplane.Conntrack;

/// <summary>
/// Seconds without a packet after which a flow is forgotten. Each lies between 1 and <see cref="Longest"/>.
/// Sources: kube-proxy, Calico and the kernel's nf_conntrack.
/// </summary>
public sealed record ConntrackTimeouts
{
    /// <summary>The longest timeout the expiry wheel can hold, in seconds.</summary>
    public const int Longest = 100_000;

    /// <summary>TCP before the handshake is complete; default 20 (Calico).</summary>
    public int TcpHandshake { get; init; } = 20;

    /// <summary>TCP established; default 86400 (kube-proxy).</summary>
    public int TcpEstablished { get; init; } = 86_400;

    /// <summary>TCP with a FIN from one side, the other may still send; default 3600 (kube-proxy's close-wait: 60 s cut half-closed streams).</summary>
    public int TcpFinWait { get; init; } = 3_600;

    /// <summary>TCP with a FIN from both sides; default 60 (the kernel; Calico 30).</summary>
    public int TcpTimeWait { get; init; } = 60;

    /// <summary>
    /// TCP after an RST; default 40 (Calico). Packets still pass and keep the entry, so that a forged RST, which we cannot tell
    /// without tracking windows, cuts nothing.
    /// </summary>
    public int TcpClosed { get; init; } = 40;

    /// <summary>UDP without an answer; default 30 (the kernel).</summary>
    public int Udp { get; init; } = 30;

    /// <summary>UDP with an answer; default 120 (the kernel's stream timeout).</summary>
    public int UdpReplied { get; init; } = 120;

    /// <summary>ICMP echo; default 10 (Calico 5, kernel 30).</summary>
    public int Icmp { get; init; } = 10;

    /// <summary>Other protocols; default 600 (Calico, kernel).</summary>
    public int Other { get; init; } = 600;

    /// <summary>Seconds by (state, protocol class): what expiry asks, without branches on names.</summary>
    internal uint[] ToTable()
    {
        uint[] table = new uint[TableSize];
        foreach (FlowState state in Enum.GetValues<FlowState>())
        {
            bool replied = state == FlowState.Replied;
            table[Index(state, ProtocolClass.Tcp)] = (uint)Check(state switch
            {
                FlowState.Established => TcpEstablished,
                FlowState.FinWait => TcpFinWait,
                FlowState.TimeWait => TcpTimeWait,
                FlowState.Closed or FlowState.Orphaned => TcpClosed,
                _ => TcpHandshake,
            });
            table[Index(state, ProtocolClass.Udp)] = (uint)Check(replied ? UdpReplied : Udp);
            table[Index(state, ProtocolClass.Icmp)] = (uint)Check(Icmp);
            table[Index(state, ProtocolClass.Other)] = (uint)Check(Other);
        }
        return table;
    }

    /// <summary>Entries of <see cref="ToTable"/>.</summary>
    internal const int TableSize = 64;

    /// <summary>Place of a state and class in <see cref="ToTable"/>.</summary>
    internal static int Index(FlowState state, ProtocolClass protocol) => ((int)protocol << 4 | (int)state) & (TableSize - 1);

    private static int Check(int seconds) => seconds is >= 1 and <= Longest
        ? seconds
        : throw new ArgumentOutOfRangeException(nameof(seconds), seconds, $"a conntrack timeout lies between 1 and {Longest} seconds");
}
