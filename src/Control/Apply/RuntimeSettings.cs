using System.Net.NetworkInformation;
using Dataplane.Control.Options;
using Dataplane.Packets;
using Dataplane.Workers;
using Microsoft.Extensions.Logging;
using Xdp.Interop;

namespace Dataplane.Control.Apply;

/// <summary>What the options come to for engine, sockets and devices.</summary>
internal static class RuntimeSettings
{
    private const int DefaultUplinkMtu = 1500;
    private const int LargestPathMtu = Umem.MaxRxLength - Stages.VxlanEncap.TemplateLength - 2;

    private const int MostWorkers = 64; // as the option "workers"

    /// <summary>How many workers there are.</summary>
    public static int Workers(DataplaneOptions options) =>
        options.Workers > 0 ? options.Workers
        : options.WorkerCpus.Count > 0 ? Math.Min(options.WorkerCpus.Count, MostWorkers)
        : Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>Options of the engine and its workers.</summary>
    /// <param name="options">The node's.</param>
    /// <param name="workers">How many workers.</param>
    /// <param name="log">For a worker that fails.</param>
    public static EngineOptions Engine(DataplaneOptions options, int workers, ILogger log) => new()
    {
        Workers = workers,
        Cpus = [.. options.WorkerCpus],
        Frames = options.UmemFrames,
        AffinityEntries = options.AffinityEntries,
        Worker = new WorkerOptions
        {
            SpinMicroseconds = options.SpinMicroseconds,
            Failed = (worker, failure) => log.LogCritical(failure, "worker {Worker} ended; its pods are cut off until a restart", worker),
        },
    };

    /// <summary>Options of sockets on devices of ours.</summary>
    public static XskSocketOptions Sockets(DataplaneOptions options) => new()
    {
        RxRingSize = (uint)options.RxRingSize,
        TxRingSize = (uint)options.TxRingSize,
        FillRingSize = (uint)options.FillRingSize,
        CompletionRingSize = (uint)options.CompletionRingSize,
    };

    /// <summary>As <see cref="PathMtu"/>, and where IPv6 cannot be carried the least that it needs: what the uplink refuses is counted there.</summary>
    public static int PathMtuOrLeast(DataplaneOptions options, int? uplinkMtu)
    {
        try
        {
            return PathMtu(options, uplinkMtu);
        }
        catch (XdpException)
        {
            return IPv6Address.LeastMtu;
        }
    }

    /// <summary>MTU of pods' routes, bytes.</summary>
    /// <param name="options">The node's.</param>
    /// <param name="uplinkMtu">The uplink's, bytes; null without one.</param>
    /// <exception cref="XdpException">IPv6 cannot be carried in so little.</exception>
    public static int PathMtu(DataplaneOptions options, int? uplinkMtu)
    {
        // With "auto" some peers are behind tunnels, and pods cannot know which.
        int headers = options.Routing == RoutingMode.Native ? 0 : Stages.VxlanEncap.OuterLength;
        // What we cut and complete in software must fit one frame; on larger underlays packets are smaller than they could be.
        int mtu = Math.Min(options.PodMtu > 0 ? options.PodMtu : (uplinkMtu ?? DefaultUplinkMtu) - headers, LargestPathMtu);
        if (!options.DualStack || mtu >= IPv6Address.LeastMtu) return mtu;
        throw new XdpException(
            $"carry IPv6 in packets of {mtu} bytes", Errno.EMSGSIZE,
            $"IPv6 needs {IPv6Address.LeastMtu}; raise the uplink's MTU to {IPv6Address.LeastMtu + headers} or pod-mtu, or leave the IPv6 prefixes and addresses out");
    }

    /// <summary>Our Ethernet address towards pods and the host stack: the same after every start, so that neighbours' caches stay right.</summary>
    /// <param name="gateway">The host port's address.</param>
    public static MacAddress GatewayMac(IPv4Address gateway)
    {
        Span<byte> bytes = [0x0e, 0x65, 0, 0, 0, 0];
        gateway.CopyTo(bytes[2..]);
        return new MacAddress(bytes);
    }

    /// <summary>An Ethernet address as the netlink library wants it.</summary>
    public static PhysicalAddress ToPhysical(MacAddress mac)
    {
        var bytes = new byte[MacAddress.Size];
        mac.CopyTo(bytes);
        return new PhysicalAddress(bytes);
    }
}
