using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Xdp.Interop.Tests;

public sealed class WaitSetTests
{
    [Fact]
    public void WaitEndsAfterItsTimeout()
    {
        using var set = new WaitSet();
        long start = Stopwatch.GetTimestamp();
        Assert.Equal(0, set.Wait(20));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 15, 5000);
    }

    [Fact]
    public void WakeFromAnotherThreadEndsTheWaitOnce()
    {
        using var set = new WaitSet();
        var waker = new Thread(() =>
        {
            Thread.Sleep(20);
            set.Wake();
            set.Wake();
        });
        waker.Start();
        long start = Stopwatch.GetTimestamp();
        Assert.Equal(0, set.Wait(10_000));
        Assert.True(Stopwatch.GetElapsedTime(start).TotalSeconds < 9);
        waker.Join();
        set.Wait(0); // takes the second wake-up, if it came later
        start = Stopwatch.GetTimestamp();
        Assert.Equal(0, set.Wait(30));
        Assert.True(Stopwatch.GetElapsedTime(start).TotalMilliseconds >= 25);
    }

    [Fact]
    public void ReadableDescriptorComesBackAsItsToken()
    {
        using var set = new WaitSet();
        using var idle = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        using var busy = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        idle.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        busy.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        set.Add((int)idle.Handle, 3);
        set.Add((int)busy.Handle, -4);
        idle.SendTo([1], busy.LocalEndPoint!);
        Assert.Equal(1, set.Wait(5000));
        Assert.Equal(-4, set.Ready(0));
        set.Remove((int)busy.Handle);
        Assert.Equal(0, set.Wait(0));
    }

    [Fact]
    public void ClosedDescriptorIsRefusedWithItsErrno()
    {
        using var set = new WaitSet();
        var failure = Assert.Throws<XdpException>(() => set.Add(1 << 20, 0));
        Assert.Equal(Errno.EBADF, failure.Errno);
    }

    [Fact]
    public void ThreadIsPinnedToOneCpu()
    {
        int[] before = CpuAffinity.Allowed();
        int[] after = [];
        var thread = new Thread(() =>
        {
            CpuAffinity.Pin(before[^1]);
            after = CpuAffinity.Allowed();
        });
        thread.Start();
        thread.Join();
        Assert.Equal([before[^1]], after);
        Assert.Equal(before, CpuAffinity.Allowed()); // only that thread
    }

    [Fact]
    public void MissingCpuIsRefused()
    {
        var failure = Assert.Throws<XdpException>(() => CpuAffinity.Pin(1023));
        Assert.Equal(Errno.EINVAL, failure.Errno);
    }
}
