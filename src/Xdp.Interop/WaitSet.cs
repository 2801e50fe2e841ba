using Xdp.Interop.Native;

namespace Xdp.Interop;

/// <summary>
/// Where a worker sleeps: many sockets' readability and one wake-up from other threads, in one epoll.
/// Only the thread that waits calls <see cref="Wait"/> and <see cref="Ready"/>; Add, Remove and <see cref="Wake"/> are free
/// for all threads. Wait only when there is nothing to do: every check of a copy-mode socket also runs its transmit path.
/// </summary>
public sealed unsafe class WaitSet : IDisposable
{
    private const int Capacity = 64;
    private const ulong WakeToken = ulong.MaxValue;
    private readonly SafeFileDescriptor _epoll;
    private readonly SafeFileDescriptor _event;
    private readonly EpollEvent[] _events = GC.AllocateArray<EpollEvent>(Capacity, pinned: true);
    private readonly int[] _ready = new int[Capacity];

    /// <summary>Makes an empty set.</summary>
    /// <exception cref="XdpException">The process is out of file descriptors.</exception>
    public WaitSet()
    {
        _epoll = new SafeFileDescriptor(LibC.epoll_create1(LibC.EPOLL_CLOEXEC));
        if (_epoll.IsInvalid)
            throw new XdpException("epoll_create1(worker)", LibC.LastError);
        _event = new SafeFileDescriptor(LibC.eventfd(0, LibC.EFD_CLOEXEC | LibC.EFD_NONBLOCK));
        if (_event.IsInvalid)
        {
            Errno error = LibC.LastError;
            _epoll.Dispose();
            throw new XdpException("eventfd(worker)", error);
        }
        Control(LibC.EPOLL_CTL_ADD, _event.Number, WakeToken);
    }

    /// <summary>Watches a descriptor for something to read; <paramref name="token"/> comes back from <see cref="Ready"/>.</summary>
    /// <exception cref="XdpException">The descriptor is closed or already in the set.</exception>
    public void Add(int fd, int token) => Control(LibC.EPOLL_CTL_ADD, fd, (uint)token);

    /// <summary>Stops watching a descriptor; do it before closing it.</summary>
    /// <exception cref="XdpException">The descriptor is not in the set.</exception>
    public void Remove(int fd) => Control(LibC.EPOLL_CTL_DEL, fd, 0);

    /// <summary>
    /// Sleeps until a descriptor has something to read, <see cref="Wake"/> is called, or the time is over (-1: no limit).
    /// </summary>
    /// <returns>How many descriptors are ready; 0 after a wake-up, a timeout or a signal.</returns>
    public int Wait(int timeoutMilliseconds)
    {
        int count;
        fixed (EpollEvent* events = _events)
            count = LibC.epoll_wait(_epoll.Number, events, Capacity, timeoutMilliseconds);
        if (count < 0)
            return LibC.LastError == Errno.EINTR ? 0 : throw new XdpException("epoll_wait(worker)", LibC.LastError);
        int ready = 0;
        for (int i = 0; i < count; i++)
        {
            if (_events[i].Data == WakeToken)
            {
                ulong counter;
                _ = LibC.read(_event.Number, &counter, sizeof(ulong)); // back to zero, else it would stay readable
            }
            else
            {
                _ready[ready++] = (int)(uint)_events[i].Data;
            }
        }
        return ready;
    }

    /// <summary>The token of the <paramref name="index"/>th ready descriptor of the last <see cref="Wait"/>.</summary>
    public int Ready(int index) => _ready[index];

    /// <summary>Ends the current or the next <see cref="Wait"/>. Any thread.</summary>
    public void Wake()
    {
        ulong one = 1;
        _ = LibC.write(_event.Number, &one, sizeof(ulong)); // EAGAIN: it is already awake
    }

    /// <summary>Closes the epoll and the eventfd; the watched descriptors stay open.</summary>
    public void Dispose()
    {
        _event.Dispose();
        _epoll.Dispose();
    }

    private void Control(int operation, int fd, ulong token)
    {
        var value = new EpollEvent { Events = LibC.EPOLLIN, Data = token };
        if (LibC.epoll_ctl(_epoll.Number, operation, fd, &value) != 0)
            throw new XdpException($"epoll_ctl({(operation == LibC.EPOLL_CTL_ADD ? "add" : "remove")} fd {fd})", LibC.LastError);
    }
}
