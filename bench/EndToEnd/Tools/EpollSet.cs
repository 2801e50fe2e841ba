using System.Runtime.InteropServices;

namespace Dataplane.Bench.EndToEnd.Tools;

/// <summary>The descriptors one thread waits for: the kernel's epoll, without anything of ours per descriptor.</summary>
internal sealed class EpollSet : IDisposable
{
    internal const uint In = 0x1, Out = 0x4, Error = 0x8, HangUp = 0x10, EdgeTriggered = 1u << 31; // sys/epoll.h
    private const int CloseOnExec = 0x80000, Add = 1;

    // struct epoll_event is packed on x86-64 only.
    private static readonly int s_dataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int s_eventSize = s_dataOffset + sizeof(long);
    private readonly int _capacity;
    private readonly int _epoll;
    private readonly IntPtr _events;
    private readonly IntPtr _watched; // argument of epoll_ctl, apart from the events found

    /// <param name="capacity">Events taken at once.</param>
    internal EpollSet(int capacity)
    {
        _capacity = capacity;
        _events = Marshal.AllocHGlobal((capacity + 1) * s_eventSize);
        _watched = _events + capacity * s_eventSize;
        _epoll = Native.Create(CloseOnExec);
        if (_epoll < 0)
            throw new BenchException($"epoll_create1: errno {Marshal.GetLastPInvokeError()}");
    }

    /// <summary>Descriptor and events of one of those that the last <see cref="Wait"/> found.</summary>
    internal (int Descriptor, uint Events) this[int index] =>
        (Marshal.ReadInt32(_events, index * s_eventSize + s_dataOffset), (uint)Marshal.ReadInt32(_events, index * s_eventSize));

    /// <summary>Waits for events of a descriptor from now on, until it is closed.</summary>
    internal void Watch(int descriptor, uint events)
    {
        Marshal.WriteInt32(_watched, (int)events);
        Marshal.WriteInt64(_watched, s_dataOffset, descriptor);
        if (Native.Control(_epoll, Add, descriptor, _watched) < 0)
            throw new BenchException($"epoll_ctl: errno {Marshal.GetLastPInvokeError()}");
    }

    /// <summary>Waits; how many descriptors have events, 0 when the time is over or a signal came.</summary>
    internal int Wait(int milliseconds) => Math.Max(0, Native.Wait(_epoll, _events, _capacity, milliseconds));

    public void Dispose()
    {
        RawSocket.Close(_epoll);
        Marshal.FreeHGlobal(_events);
    }

    // DllImport on blittable types needs no generated (unsafe) code, which only Xdp.Interop may have.
#pragma warning disable SYSLIB1054
    private static class Native
    {
        [DllImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static extern int Create(int flags);

        [DllImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static extern int Control(int epoll, int operation, int descriptor, IntPtr happening);

        [DllImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static extern int Wait(int epoll, IntPtr events, int capacity, int milliseconds);
    }
#pragma warning restore SYSLIB1054
}
