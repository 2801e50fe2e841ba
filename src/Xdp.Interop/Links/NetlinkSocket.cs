using Microsoft.Win32.SafeHandles;
using Xdp.Interop.Links.Native;

namespace Xdp.Interop.Links;

/// <summary>
/// A NETLINK_ROUTE socket for requests. It belongs to the namespace it was opened in, whatever thread uses it. Thread-safe: one request at a time.
/// </summary>
public sealed class NetlinkSocket : IDisposable
{
    // A request is answered while it is sent; the timeout only guards against a kernel bug, so that no caller waits forever.
    private const int ReceiveTimeoutSeconds = 10;
    private const int DumpAttempts = 8;

    private readonly SafeFileHandle _socket;
    private readonly Lock _lock = new();
    private uint _sequence;

    private NetlinkSocket(SafeFileHandle socket)
    {
        _socket = socket;
        Links = new NetlinkLinks(this);
        Addresses = new NetlinkAddresses(this);
        Routes = new NetlinkRoutes(this);
        Rules = new NetlinkRules(this);
        Neighbors = new NetlinkNeighbors(this);
    }

    /// <summary>Turns a message of a dump into a result; null skips it.</summary>
    internal delegate T? Decode<T>(ReadOnlySpan<byte> body) where T : class;

    /// <summary>Network interfaces of the socket's namespace.</summary>
    public NetlinkLinks Links { get; }

    /// <summary>Addresses of interfaces.</summary>
    public NetlinkAddresses Addresses { get; }

    /// <summary>Routes and route lookups.</summary>
    public NetlinkRoutes Routes { get; }

    /// <summary>Routing rules: which table is looked up for which packets.</summary>
    public NetlinkRules Rules { get; }

    /// <summary>ARP and ND entries.</summary>
    public NetlinkNeighbors Neighbors { get; }

    /// <summary>Opens a socket in the calling thread's namespace.</summary>
    /// <exception cref="NetlinkException">The socket could not be made.</exception>
    public static NetlinkSocket Open() => new(OpenHandle());

    /// <summary>Opens a socket in <paramref name="ns"/>; the namespace object may be disposed afterwards.</summary>
    public static NetlinkSocket Open(NetworkNamespace ns)
    {
        ArgumentNullException.ThrowIfNull(ns);
        return ns.Run(Open);
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>Opens a NETLINK_ROUTE descriptor with extended acks, strict checks of dump filters and an address of the kernel's choice.</summary>
    internal static unsafe SafeFileHandle OpenHandle()
    {
        var socket = LinksLibC.Socket(LinksLibC.AF_NETLINK, LinksLibC.SOCK_RAW, LinksLibC.NETLINK_ROUTE);
        if (socket.IsInvalid) throw new NetlinkException("socket(NETLINK_ROUTE)", ErrnoExtensions.Last());

        var address = new SockAddrNl { Family = LinksLibC.AF_NETLINK };
        Span<long> timeout = [ReceiveTimeoutSeconds, 0]; // struct timeval
        bool ok = LinksLibC.bind(socket, &address, SockAddrNl.Size) == 0;
        fixed (long* value = timeout)
            ok = ok && LinksLibC.setsockopt(socket, LinksLibC.SOL_SOCKET, LinksLibC.SO_RCVTIMEO, value, 16) == 0;
        if (!ok)
        {
            var errno = ErrnoExtensions.Last();
            socket.Dispose();
            throw new NetlinkException("bind(NETLINK_ROUTE)", errno);
        }

        // All three only improve answers: a kernel without them still works.
        LinksLibC.SetOption(socket, LinksLibC.SOL_NETLINK, LinksLibC.NETLINK_EXT_ACK, 1);
        LinksLibC.SetOption(socket, LinksLibC.SOL_NETLINK, LinksLibC.NETLINK_CAP_ACK, 1);
        LinksLibC.SetOption(socket, LinksLibC.SOL_NETLINK, LinksLibC.NETLINK_GET_STRICT_CHK, 1);
        return socket;
    }

    /// <summary>Sends a change and waits for its ack.</summary>
    /// <param name="request">The message, begun with NLM_F_ACK.</param>
    /// <param name="operation">What is done to what, for the exception.</param>
    /// <param name="remedy">What to do on failure; null lets the errno decide.</param>
    internal void Execute(NetlinkRequest request, string operation, string? remedy = null)
    {
        if (TryExecute(request) is { } failure) throw failure.ToException(operation, remedy);
    }

    /// <summary>Sends a change and returns the kernel's refusal, or null when it was done.</summary>
    internal NetlinkFailure? TryExecute(NetlinkRequest request)
    {
        var results = new List<object>(0);
        return Transact<object>(request, static _ => null, results, out _);
    }

    /// <summary>Sends a GET for one object (begun with NLM_F_ACK) and returns its decoded answer; the refusal is in <paramref name="failure"/>.</summary>
    internal T? Get<T>(NetlinkRequest request, Decode<T> decode, out NetlinkFailure? failure) where T : class
    {
        var results = new List<T>(1);
        failure = Transact(request, decode, results, out _);
        return results.Count > 0 ? results[0] : null;
    }

    /// <summary>Sends a GET for all objects (begun with NLM_F_DUMP); repeats it when the kernel says that the set changed meanwhile.</summary>
    internal List<T> Dump<T>(NetlinkRequest request, Decode<T> decode, string operation) where T : class
    {
        for (var attempt = 1; ; attempt++)
        {
            var results = new List<T>();
            if (Transact(request, decode, results, out var interrupted) is { } failure) throw failure.ToException(operation);
            if (!interrupted) return results;
            if (attempt == DumpAttempts) throw new NetlinkException(operation, Errno.EAGAIN, "dump interrupted", "the set keeps changing while it is read; try again later");
        }
    }

    private NetlinkFailure? Transact<T>(NetlinkRequest request, Decode<T> decode, List<T> results, out bool interrupted) where T : class
    {
        interrupted = false;
        var buffer = NetlinkBuffers.Receive.Get();
        try
        {
            lock (_lock)
            {
                var sequence = ++_sequence;
                Send(request.Finish(sequence));
                while (true)
                {
                    var messages = new NetlinkMessages(ReceiveDatagram(buffer));
                    while (messages.MoveNext())
                    {
                        // Left over from a request whose caller gave up.
                        if (messages.Header.Sequence != sequence) continue;
                        interrupted |= (messages.Header.Flags & Nl.NLM_F_DUMP_INTR) != 0;
                        switch (messages.Header.Type)
                        {
                            case Nl.NLMSG_NOOP:
                                break;
                            case Nl.NLMSG_ERROR or Nl.NLMSG_DONE:
                                return NetlinkFailure.Decode(messages.Header, messages.Body);
                            default:
                                if (decode(messages.Body) is { } result) results.Add(result);
                                break;
                        }
                    }
                }
            }
        }
        finally
        {
            NetlinkBuffers.Receive.Return(buffer);
        }
    }

    private unsafe void Send(ReadOnlySpan<byte> message)
    {
        nint sent;
        fixed (byte* bytes = message)
        {
            do sent = LinksLibC.send(_socket, bytes, (nuint)message.Length, 0);
            while (sent < 0 && ErrnoExtensions.Last() == Errno.EINTR);
        }

        if (sent != message.Length) throw new NetlinkException("send(NETLINK_ROUTE)", ErrnoExtensions.Last());
    }

    private ReadOnlySpan<byte> ReceiveDatagram(byte[] buffer)
    {
        while (true)
        {
            var (length, errno) = Receive(_socket, buffer, flags: 0);
            if (errno == Errno.None) return buffer.AsSpan(0, length);
            if (errno != Errno.EINTR) throw new NetlinkException("recv(NETLINK_ROUTE)", errno);
        }
    }

    /// <summary>Receives one datagram from the kernel; those of other senders (any process may send) are skipped as EINTR.</summary>
    internal static unsafe (int Length, Errno Errno) Receive(SafeFileHandle socket, byte[] buffer, int flags)
    {
        SockAddrNl source = default;
        uint sourceLength = SockAddrNl.Size;
        nint length;
        fixed (byte* bytes = buffer)
            length = LinksLibC.recvfrom(socket, bytes, (nuint)buffer.Length, flags | LinksLibC.MSG_TRUNC, &source, &sourceLength);
        if (length < 0) return (0, ErrnoExtensions.Last());
        if (length > buffer.Length) return (0, Errno.EMSGSIZE);
        return source.PortId == 0 ? ((int)length, Errno.None) : (0, Errno.EINTR);
    }
}
