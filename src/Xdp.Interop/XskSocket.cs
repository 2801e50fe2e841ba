using Xdp.Interop.Native;
using Xdp.Interop.Rings;

namespace Xdp.Interop;

/// <summary>
/// One AF_XDP socket, bound to one queue of one device, with its four rings. It is set up through the kernel's own interface
/// (socket, setsockopt, mmap, bind), because libxdp 1.3 knows neither TX metadata nor several UMEMs over the same memory.
/// It receives nothing until an XDP program redirects to it: put <see cref="Fd"/> into an XSKMAP.
///
/// Ownership: the socket owns its rings and its descriptor; the <see cref="Umem"/> belongs to the caller and must outlive it. After
/// <see cref="Dispose"/> the chunks this socket held (filled, received or being sent) are the caller's again; the
/// kernel frees the queue some milliseconds later.
/// Threads: one thread at a time uses the rings and <see cref="Kick"/>; it must have let go before Dispose.
/// </summary>
public sealed unsafe class XskSocket : IDisposable
{
    private readonly SafeFileDescriptor _handle;
    private int _fd; // a plain copy for the hot path; -1 once closed, so that a late call hits no other file
    private readonly RingMapping[] _mappings;
    private bool _disposed;

    internal XskSocket(XskSetup setup)
    {
        _handle = setup.Handle;
        _fd = setup.Handle.Number;
        _mappings = setup.Mappings;
        InterfaceName = setup.InterfaceName;
        Ifindex = setup.Ifindex;
        Queue = setup.Queue;
        ZeroCopy = setup.ZeroCopy;
        MultiBuffer = setup.MultiBuffer;
        TxMetadata = setup.TxMetadata && !setup.ZeroCopy;
        TxBudget = setup.TxBudget;
        SendBufferBytes = setup.SendBufferBytes;
        Rx = new RxRing(setup.Mappings[XskSetup.RxIndex].Memory);
        Tx = new TxRing(setup.Mappings[XskSetup.TxIndex].Memory);
        Fill = new FillRing(setup.Mappings[XskSetup.FillIndex].Memory);
        Completion = new CompletionRing(setup.Mappings[XskSetup.CompletionIndex].Memory);
    }

    /// <summary>Chunks lent to the kernel for receiving.</summary>
    public FillRing Fill { get; }

    /// <summary>Chunks whose sending is over.</summary>
    public CompletionRing Completion { get; }

    /// <summary>Received packets.</summary>
    public RxRing Rx { get; }

    /// <summary>Packets to send.</summary>
    public TxRing Tx { get; }

    /// <summary>The socket's descriptor, for an XSKMAP or a <see cref="WaitSet"/>; it belongs to this object. -1 once it is closed.</summary>
    public int Fd => _fd;

    /// <summary>The device's name when the socket was opened.</summary>
    public string InterfaceName { get; }

    /// <summary>The device's index in the network namespace the socket was opened in.</summary>
    public int Ifindex { get; }

    /// <summary>The device's RX and TX queue, from 0.</summary>
    public uint Queue { get; }

    /// <summary>Whether the driver works on the UMEM itself; else the kernel copies every frame.</summary>
    public bool ZeroCopy { get; }

    /// <summary>Whether packets of several descriptors are received and sent.</summary>
    public bool MultiBuffer { get; }

    /// <summary>
    /// Whether <see cref="Interop.TxMetadata"/> may precede a packet and is obeyed. False with <see cref="ZeroCopy"/>, where it is up to each
    /// driver, and one that cannot sum would send the packet as it is.
    /// </summary>
    public bool TxMetadata { get; }

    /// <summary>Descriptors the kernel sends per <see cref="Kick"/> at most.</summary>
    public uint TxBudget { get; }

    /// <summary>The send buffer the kernel granted, in bytes as it accounts them (twice what was asked).</summary>
    public int SendBufferBytes { get; }

    /// <summary>
    /// Opens a socket on <paramref name="queue"/> of the device <paramref name="ifindex"/> in the calling thread's network
    /// namespace, and retries while the queue is busy. Features in <paramref name="options"/> that the kernel or driver
    /// lacks are left out.
    /// </summary>
    /// <exception cref="XdpException">A call failed for a reason that leaving a feature out does not cure.</exception>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    public static XskSocket Open(Umem umem, int ifindex, uint queue, XskSocketOptions options)
    {
        options.Validate();
        using var setup = new XskSetup(umem, ifindex, queue, options);
        setup.Run();
        return setup.Finish();
    }

    /// <summary>
    /// Has the kernel send what was submitted, on this thread: with a veth this runs the receiver's IP and TCP too.
    /// Normal results besides None: EAGAIN (budget used, completion ring or send buffer full: drain completions and kick again), EBUSY
    /// (one packet was dropped below us and the loop stopped: kick again), ENOBUFS (an skb could not be allocated).
    /// ENXIO and ENETDOWN mean that the device is gone or down.
    /// </summary>
    public Errno Kick() =>
        LibC.sendto(_fd, null, 0, LibC.MSG_DONTWAIT, null, 0) >= 0 ? Errno.None : LibC.LastError;

    /// <summary>Has the kernel look at the fill ring; needed only when <see cref="FillRing.NeedsWakeup"/> (zero-copy).</summary>
    public Errno WakeFill() =>
        LibC.recvfrom(_fd, null, 0, LibC.MSG_DONTWAIT, null, null) >= 0 ? Errno.None : LibC.LastError;

    /// <summary>The kernel's counters of this socket.</summary>
    /// <exception cref="XdpException">getsockopt failed.</exception>
    public XdpStatistics ReadStatistics()
    {
        XdpStatistics statistics = default;
        uint length = XdpStatistics.Size;
        if (LibC.getsockopt(_fd, XskAbi.SOL_XDP, XskAbi.XDP_STATISTICS, &statistics, &length) != 0)
            throw new XdpException($"getsockopt(AF_XDP, {this}, XDP_STATISTICS)", LibC.LastError);
        return statistics;
    }

    /// <summary>Takes the socket's pending error (SO_ERROR): ENETDOWN after the device was removed, else None.</summary>
    public Errno TakeError()
    {
        int error = 0;
        uint length = sizeof(int);
        return LibC.getsockopt(_fd, LibC.SOL_SOCKET, LibC.SO_ERROR, &error, &length) == 0 ? (Errno)error : LibC.LastError;
    }

    /// <summary>Unmaps the rings and closes the socket. The rings stay usable as empty ones.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _fd = -1;
        RingMemory none = RingMemory.None;
        Rx.Map(none);
        Tx.Map(none);
        Fill.Map(none);
        Completion.Map(none);
        // The mappings hold the socket: without the unmapping its queue would stay busy after close.
        foreach (var mapping in _mappings)
            mapping.Dispose();
        _handle.Dispose();
    }

    /// <inheritdoc/>
    public override string ToString() => $"{InterfaceName} queue {Queue}";
}
