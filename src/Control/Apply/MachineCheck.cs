using System.Globalization;
using Dataplane.Control.Options;
using Xdp.Interop;
using Xdp.Interop.Links;

namespace Dataplane.Control.Apply;

/// <summary>Whether this machine has what the options name. It only looks, so that a start that is refused has changed nothing.</summary>
internal static class MachineCheck
{
    /// <summary>Looks at everything, in the calling thread's network namespace.</summary>
    /// <exception cref="OptionException">Something is not there; all faults are reported together.</exception>
    /// <exception cref="XdpException">The kernel does not tell.</exception>
    public static void Run(DataplaneOptions options)
    {
        using var netlink = NetlinkSocket.Open();
        List<string> faults = [.. FindDeviceFaults(options, netlink.Links.List()), .. FindCpuFaults(options, CpuAffinity.Allowed()), .. FindMemoryFaults(options, MachineMemory.Available())];
        if (faults.Count > 0) throw new OptionException(faults);
    }

    /// <summary>Devices that are to be there and are not, and a host port's name that is somebody else's.</summary>
    internal static IEnumerable<string> FindDeviceFaults(DataplaneOptions options, IReadOnlyList<LinkInfo> links)
    {
        if (options.Uplink is { } uplink && FindUplinkFault(uplink, links) is { } fault)
            yield return $"uplink '{uplink}': {fault}, or write --uplink none for a cluster of this node alone";
        foreach (string name in options.ExternalInterfaces)
            if (FindUplinkFault(name, links) is { } external) yield return $"external-interfaces '{name}': {external}, or leave it out";
        if (HostVeth.FindForeign(Find(options.HostPort, links), Find(options.HostPort + "-x", links)) is { } foreign)
            yield return $"host-port '{options.HostPort}': {HostVeth.WhyForeign(foreign)}; choose another name, or rename or delete that device";
    }

    /// <summary>CPUs for workers that this process may not use.</summary>
    /// <param name="options">The node's.</param>
    /// <param name="allowed">CPUs of this process (its affinity mask, which its cpuset bounds), ascending.</param>
    internal static IEnumerable<string> FindCpuFaults(DataplaneOptions options, IReadOnlyList<int> allowed)
    {
        foreach (int cpu in options.WorkerCpus.Except(allowed))
            yield return $"worker-cpus '{cpu}': this machine has CPUs {Text(allowed)} for this process; name some of these";
    }

    /// <summary>Frames that do not fit into memory; their pages are locked, so that nothing else makes room for them.</summary>
    /// <param name="options">The node's.</param>
    /// <param name="available">Bytes.</param>
    internal static IEnumerable<string> FindMemoryFaults(DataplaneOptions options, long available)
    {
        long size = (long)options.UmemFrames * Umem.FrameSize;
        if (size > available) yield return $"umem-frames '{options.UmemFrames}': that is {Size(size)} of locked memory, and this machine has {Size(available)} available; lower it";
    }

    private static string? FindUplinkFault(string name, IReadOnlyList<LinkInfo> links) =>
        Find(name, links) is not { } link ? $"there is no such interface; name one that `ip link` shows ({string.Join(", ", links.Where(l => !IsLoopback(l)).Select(l => l.Name).Take(8))})"
        : IsLoopback(link) ? "is the loopback device, by which nothing reaches other machines; name an interface that leads to them"
        : null;

    private static bool IsLoopback(LinkInfo link) => (link.Flags & LinkFlags.Loopback) != 0;

    private static LinkInfo? Find(string name, IReadOnlyList<LinkInfo> links) => links.FirstOrDefault(link => link.Name == name);

    private static string Size(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024.0 * 1024 * 1024):0.00} GiB");

    // As in the option: "0-1,4".
    private static string Text(IReadOnlyList<int> cpus)
    {
        var ranges = new List<(int First, int Last)>();
        foreach (int cpu in cpus)
        {
            if (ranges.Count > 0 && ranges[^1].Last == cpu - 1) ranges[^1] = (ranges[^1].First, cpu);
            else ranges.Add((cpu, cpu));
        }
        return string.Join(',', ranges.Select(range => range.First == range.Last ? $"{range.First}" : $"{range.First}-{range.Last}"));
    }
}
