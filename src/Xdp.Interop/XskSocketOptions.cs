using System.Numerics;

namespace Xdp.Interop;

/// <summary>How to open an <see cref="XskSocket"/>. A feature the kernel lacks is left out; the socket's properties say what was got.</summary>
public sealed record XskSocketOptions
{
    /// <summary>RX ring entries, a power of two. Default 2048: 2 ms of a million frames per second.</summary>
    public uint RxRingSize { get; init; } = 2048;

    /// <summary>TX ring entries, a power of two, at least 32. Default 2048.</summary>
    public uint TxRingSize { get; init; } = 2048;

    /// <summary>Fill ring entries, a power of two. Default 2048. How many chunks are put into it is the caller's choice.</summary>
    public uint FillRingSize { get; init; } = 2048;

    /// <summary>Completion ring entries, a power of two, not below the TX ring (a full one stops sending). Default 2048.</summary>
    public uint CompletionRingSize { get; init; } = 2048;

    /// <summary>Ask the driver for zero-copy. Default false (veth has none). Fallback: copy mode.</summary>
    public bool RequestZeroCopy { get; init; }

    /// <summary>Packets of several descriptors (XDP_USE_SG, Linux 6.6). Default true. Fallback: a packet larger than one chunk is dropped by the kernel.</summary>
    public bool MultiBuffer { get; init; } = true;

    /// <summary>Checksum requests before the packet (Linux 6.8). Default true. Fallback: the sender must complete every checksum itself.</summary>
    public bool TxMetadata { get; init; } = true;

    /// <summary>
    /// Descriptors the kernel sends per <see cref="XskSocket.Kick"/> (XDP_MAX_TX_SKB_BUDGET, Linux 6.17), 32..<see cref="TxRingSize"/>. Default 0: the TX ring's
    /// size. Fallback: 32 per call, and EAGAIN for the rest.
    /// </summary>
    public uint TxBudget { get; init; }

    /// <summary>
    /// Bytes of packets the kernel may hold unsent or unreceived for this socket (SO_SNDBUF). Default 8 MB: over a hundred 64 kB
    /// packets. Too small gives EAGAIN; too large overflows a receiver's queue, which drops. Fallback without CAP_NET_ADMIN: net.core.wmem_max.
    /// </summary>
    public int SendBufferBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>
    /// Mark of the packets that are sent (SO_MARK), for routing rules and filters of the stack at the other end of a veth in the same network namespace; it
    /// does not survive the way into another namespace, and zero-copy has none. Default 0: no mark.
    /// </summary>
    public uint Mark { get; init; }

    /// <summary>
    /// How long to retry when the queue is busy. Default 1 s: the kernel lets go of a closed socket's queue some
    /// milliseconds after its last mapping is gone.
    /// </summary>
    public TimeSpan BindTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Refuses sizes the kernel would refuse with a bare EINVAL.</summary>
    /// <exception cref="ArgumentException">A size is not a power of two, or they do not fit together.</exception>
    internal void Validate()
    {
        RequirePowerOfTwo(RxRingSize, nameof(RxRingSize));
        RequirePowerOfTwo(TxRingSize, nameof(TxRingSize));
        RequirePowerOfTwo(FillRingSize, nameof(FillRingSize));
        RequirePowerOfTwo(CompletionRingSize, nameof(CompletionRingSize));
        if (CompletionRingSize < TxRingSize)
            throw new ArgumentException($"CompletionRingSize {CompletionRingSize} is below TxRingSize {TxRingSize}: sending would stop on a full completion ring.");
        if (TxRingSize < Native.XskAbi.DefaultTxSkbBudget)
            throw new ArgumentException($"TxRingSize {TxRingSize} is below {Native.XskAbi.DefaultTxSkbBudget}, the kernel's smallest batch.");
        if (TxBudget != 0 && (TxBudget < Native.XskAbi.DefaultTxSkbBudget || TxBudget > TxRingSize))
            throw new ArgumentException($"TxBudget {TxBudget} must be 0 or {Native.XskAbi.DefaultTxSkbBudget}..{TxRingSize} (TxRingSize).");
    }

    private static void RequirePowerOfTwo(uint value, string name)
    {
        if (!BitOperations.IsPow2(value))
            throw new ArgumentException($"{name} {value} is not a power of two.");
    }
}
