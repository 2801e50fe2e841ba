using Xdp.Interop.Native;

namespace Xdp.Interop;

/// <summary>Binds threads to CPUs; .NET on Linux has no call for one thread.</summary>
public static unsafe class CpuAffinity
{
    private const int MaskBytes = 128; // 1024 CPUs, as cpu_set_t

    /// <summary>Keeps the calling thread on <paramref name="cpu"/> from now on. Only for a thread of its own, never a pool thread.</summary>
    /// <exception cref="XdpException">There is no such CPU, or this process may not use it.</exception>
    public static void Pin(int cpu)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(cpu);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(cpu, MaskBytes * 8);
        byte* mask = stackalloc byte[MaskBytes];
        new Span<byte>(mask, MaskBytes).Clear();
        mask[cpu / 8] = (byte)(1 << (cpu % 8));
        if (LibC.sched_setaffinity(0, MaskBytes, mask) != 0) // 0: the calling thread
            throw new XdpException($"sched_setaffinity(cpu {cpu})", LibC.LastError, "the CPU does not exist or is not in this process's cpuset");
    }

    /// <summary>The CPUs the calling thread may run on, ascending.</summary>
    public static int[] Allowed()
    {
        byte* mask = stackalloc byte[MaskBytes];
        new Span<byte>(mask, MaskBytes).Clear();
        if (LibC.sched_getaffinity(0, MaskBytes, mask) < 0)
            throw new XdpException("sched_getaffinity(this thread)", LibC.LastError);
        var cpus = new List<int>();
        for (int cpu = 0; cpu < MaskBytes * 8; cpu++)
        {
            if ((mask[cpu / 8] & (1 << (cpu % 8))) != 0)
                cpus.Add(cpu);
        }
        return [.. cpus];
    }
}
