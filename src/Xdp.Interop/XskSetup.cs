using System.Diagnostics;
using Xdp.Interop.Native;
using Xdp.Interop.Rings;

namespace Xdp.Interop;

/// <summary>
/// The steps from nothing to a bound socket, in the kernel's order: socket, UMEM, ring sizes, mappings, budget and buffer, bind.
/// Disposing it before <see cref="Finish"/> undoes them.
/// </summary>
internal sealed unsafe class XskSetup(Umem umem, int ifindex, uint queue, XskSocketOptions options) : IDisposable
{
    public const int RxIndex = 0, TxIndex = 1, FillIndex = 2, CompletionIndex = 3;
    private static readonly TimeSpan RetryEvery = TimeSpan.FromMilliseconds(2);

    private readonly string _target = $"AF_XDP, {Interop.InterfaceName.FromIndex(ifindex)} queue {queue}";
    private SafeFileDescriptor? _handle;
    private RingMapping?[] _mappings = new RingMapping?[4];
    private bool _finished;

    public SafeFileDescriptor Handle => _handle!;
    public RingMapping[] Mappings => _mappings!;
    public string InterfaceName { get; } = Interop.InterfaceName.FromIndex(ifindex);
    public int Ifindex => ifindex;
    public uint Queue => queue;
    public bool ZeroCopy { get; private set; }
    public bool MultiBuffer { get; private set; }
    public bool TxMetadata { get; private set; }
    public uint TxBudget { get; private set; }
    public int SendBufferBytes { get; private set; }

    private int Fd => _handle!.Number;

    public void Run()
    {
        OpenSocket();
        RegisterUmem();
        MapRings();
        SetBudget();
        SetSendBuffer();
        SetMark();
        Bind();
        ReadMode();
    }

    public XskSocket Finish()
    {
        _finished = true;
        return new XskSocket(this);
    }

    public void Dispose()
    {
        if (_finished)
            return;
        foreach (var mapping in _mappings)
            mapping?.Dispose();
        _handle?.Dispose();
    }

    private void OpenSocket()
    {
        _handle = new SafeFileDescriptor(LibC.socket(XskAbi.AF_XDP, LibC.SOCK_RAW | LibC.SOCK_CLOEXEC, 0));
        if (_handle.IsInvalid)
            throw Failure("socket", LibC.LastError switch
            {
                Errno.EPERM => "CAP_NET_RAW is missing",
                Errno.EAFNOSUPPORT => "this kernel was built without CONFIG_XDP_SOCKETS",
                _ => null,
            });
    }

    private void RegisterUmem()
    {
        var registration = new XdpUmemReg
        {
            Address = (ulong)umem.BaseAddress,
            Length = umem.Length,
            ChunkSize = Umem.FrameSize,
            Headroom = 0, // the kernel's own 256 bytes hold an outer header and TX metadata
        };
        if (options.TxMetadata)
        {
            registration.Flags = XskAbi.XDP_UMEM_TX_METADATA_LEN;
            registration.TxMetadataLength = XskTxMetadata.Size;
            TxMetadata = LibC.setsockopt(Fd, XskAbi.SOL_XDP, XskAbi.XDP_UMEM_REG, &registration, XdpUmemReg.Size) == 0;
            if (TxMetadata)
                return;
            if (LibC.LastError != Errno.EINVAL)
                throw UmemFailure();
            registration.Flags = 0;
            registration.TxMetadataLength = 0;
        }
        if (LibC.setsockopt(Fd, XskAbi.SOL_XDP, XskAbi.XDP_UMEM_REG, &registration, XdpUmemReg.Size) != 0)
            throw UmemFailure();
    }

    private XdpException UmemFailure() => Failure("XDP_UMEM_REG", LibC.LastError switch
    {
        Errno.ENOBUFS or Errno.ENOMEM => "over RLIMIT_MEMLOCK; give the process CAP_IPC_LOCK or raise the limit",
        _ => null,
    });

    private void MapRings()
    {
        SetSize(XskAbi.XDP_RX_RING, options.RxRingSize, "XDP_RX_RING");
        SetSize(XskAbi.XDP_TX_RING, options.TxRingSize, "XDP_TX_RING");
        SetSize(XskAbi.XDP_UMEM_FILL_RING, options.FillRingSize, "XDP_UMEM_FILL_RING");
        SetSize(XskAbi.XDP_UMEM_COMPLETION_RING, options.CompletionRingSize, "XDP_UMEM_COMPLETION_RING");

        XdpMmapOffsets offsets = default;
        uint length = XdpMmapOffsets.Size;
        if (LibC.getsockopt(Fd, XskAbi.SOL_XDP, XskAbi.XDP_MMAP_OFFSETS, &offsets, &length) != 0 || length != XdpMmapOffsets.Size)
            throw Failure("XDP_MMAP_OFFSETS", "Linux 5.4 or newer is needed");

        _mappings[RxIndex] = RingMapping.Map(Fd, XskAbi.XDP_PGOFF_RX_RING, offsets.Rx, options.RxRingSize, XdpDescriptor.Size, _target);
        _mappings[TxIndex] = RingMapping.Map(Fd, XskAbi.XDP_PGOFF_TX_RING, offsets.Tx, options.TxRingSize, XdpDescriptor.Size, _target);
        _mappings[FillIndex] = RingMapping.Map(Fd, XskAbi.XDP_UMEM_PGOFF_FILL_RING, offsets.Fill, options.FillRingSize, sizeof(ulong), _target);
        _mappings[CompletionIndex] = RingMapping.Map(Fd, XskAbi.XDP_UMEM_PGOFF_COMPLETION_RING, offsets.Completion, options.CompletionRingSize, sizeof(ulong), _target);
    }

    private void SetSize(int name, uint entries, string text)
    {
        if (LibC.setsockopt(Fd, XskAbi.SOL_XDP, name, &entries, sizeof(uint)) != 0)
            throw Failure(text, $"{entries} entries were refused; use a smaller power of two");
    }

    private void SetBudget()
    {
        uint budget = options.TxBudget == 0 ? options.TxRingSize : options.TxBudget;
        bool set = LibC.setsockopt(Fd, XskAbi.SOL_XDP, XskAbi.XDP_MAX_TX_SKB_BUDGET, &budget, sizeof(uint)) == 0;
        TxBudget = set ? budget : XskAbi.DefaultTxSkbBudget;
    }

    private void SetSendBuffer()
    {
        int bytes = options.SendBufferBytes;
        // FORCE passes net.core.wmem_max but needs CAP_NET_ADMIN; without it the limit applies silently.
        if (LibC.setsockopt(Fd, LibC.SOL_SOCKET, LibC.SO_SNDBUFFORCE, &bytes, sizeof(int)) != 0)
            _ = LibC.setsockopt(Fd, LibC.SOL_SOCKET, LibC.SO_SNDBUF, &bytes, sizeof(int));
        uint length = sizeof(int);
        _ = LibC.getsockopt(Fd, LibC.SOL_SOCKET, LibC.SO_SNDBUF, &bytes, &length);
        SendBufferBytes = bytes;
    }

    private void SetMark()
    {
        uint mark = options.Mark;
        if (mark != 0 && LibC.setsockopt(Fd, LibC.SOL_SOCKET, LibC.SO_MARK, &mark, sizeof(uint)) != 0)
            throw Failure("SO_MARK", "CAP_NET_ADMIN is missing");
    }

    /// <summary>Binds with as many of the wanted features as the kernel and driver have: zero-copy is given up first, then multi-buffer.</summary>
    private void Bind()
    {
        Errno error = Errno.EINVAL;
        foreach (bool zeroCopy in options.RequestZeroCopy ? [true, false] : (ReadOnlySpan<bool>)[false])
        {
            foreach (bool multiBuffer in options.MultiBuffer ? [true, false] : (ReadOnlySpan<bool>)[false])
            {
                error = TryBind(zeroCopy, multiBuffer);
                if (error == Errno.None)
                {
                    MultiBuffer = multiBuffer;
                    return;
                }
                if (error is not (Errno.EINVAL or Errno.EOPNOTSUPP or Errno.EPROTONOSUPPORT))
                    throw BindFailure(error);
            }
        }
        throw BindFailure(error);
    }

    private Errno TryBind(bool zeroCopy, bool multiBuffer)
    {
        var address = new SockaddrXdp
        {
            Family = XskAbi.AF_XDP,
            Ifindex = (uint)ifindex,
            QueueId = queue,
            Flags = (ushort)(XskAbi.XDP_USE_NEED_WAKEUP
                | (zeroCopy ? XskAbi.XDP_ZEROCOPY : XskAbi.XDP_COPY)
                | (multiBuffer ? XskAbi.XDP_USE_SG : 0)),
        };
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            if (LibC.bind(Fd, &address, SockaddrXdp.Size) == 0)
                return Errno.None;
            Errno error = LibC.LastError;
            if (error != Errno.EBUSY || Stopwatch.GetElapsedTime(start) >= options.BindTimeout)
                return error;
            Thread.Sleep(RetryEvery);
        }
    }

    private XdpException BindFailure(Errno error) => new($"bind({_target})", error, error switch
    {
        Errno.EBUSY => "another process has a socket on this queue; stop it (only one dataplane per node)",
        Errno.ENODEV => "there is no such device in this network namespace",
        Errno.EINVAL => "the queue does not exist on this device (ethtool -l shows how many there are), or the device is down",
        Errno.ENETDOWN => "the device is down; set it up first",
        Errno.EOPNOTSUPP => "this driver takes no AF_XDP socket; attach in generic mode",
        _ => null,
    });

    private void ReadMode()
    {
        uint flags = 0;
        uint length = sizeof(uint);
        ZeroCopy = LibC.getsockopt(Fd, XskAbi.SOL_XDP, XskAbi.XDP_OPTIONS, &flags, &length) == 0
            && (flags & XskAbi.XDP_OPTIONS_ZEROCOPY) != 0;
    }

    private XdpException Failure(string operation, string? remedy) => new($"{operation}({_target})", LibC.LastError, remedy);
}
