using System.Diagnostics;
using System.Reflection;
using Dataplane.Contracts.V1;
using Dataplane.Control.Apply;
using Dataplane.Control.Options;
using Dataplane.Control.Telemetry;

namespace Dataplane.Control.Server;

/// <summary>What an operator looks at first.</summary>
internal static class StatusReport
{
    /// <summary>Version of the program.</summary>
    public static string ProductVersion { get; } =
        typeof(StatusReport).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    private static string Services(DataplaneOptions options) =>
        $"ClusterIP, NodePort {options.NodePortRange.First}-{options.NodePortRange.Last}, ExternalIP, LoadBalancer, HostPort over TCP, UDP, SCTP; "
        + $"{(options.Maglev ? $"Maglev of {options.MaglevTableSize} slots" : "random")} from outside; {(options.Masquerade ? $"masquerade {options.NodeIp}" : "no masquerade")} from ports {options.NatPorts.First}-{options.NatPorts.Last}";

    private static string Routing(NodeRuntime node)
    {
        int others = node.State.Nodes.Values.Count(n => n.Name != node.Options.NodeName);
        int native = node.Peers.Peers.Where(peer => peer.Kind == Dataplane.Tables.RouteKind.Native).Select(peer => peer.Node).Distinct().Count();
        return $"{node.Options.Routing.ToString().ToLowerInvariant()}; {native} of {others} other nodes without a tunnel; MTU of pods {node.PathMtu}; node address {node.Options.NodeIp}";
    }

    public static Contracts.V1.Version Version() => new()
    {
        Version_ = ProductVersion,
        Runtime = System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription,
        Kernel = Environment.OSVersion.Version.ToString(),
    };

    public static Status Make(NodeRuntime node, TableDumps dumps, IReadOnlySet<ushort> healthCheckPorts)
    {
        var faults = NodeHealth.Faults(node);
        var status = new Status
        {
            NodeName = node.Options.NodeName,
            Version = Version(),
            Generation = node.State.Generation,
            SecondsSinceSync = node.Syncs.Last is { } last ? (DateTimeOffset.UtcNow - last).TotalSeconds : 0,
            UptimeSeconds = (DateTime.Now - Process.GetCurrentProcess().StartTime).TotalSeconds,
            Ready = faults.Count == 0,
            NotReadyReason = string.Join("; ", faults.Select(f => $"{f.Component}: {f.Reason}")),
            Ports = { dumps.Ports() },
            Problems = { node.FindProblems(healthCheckPorts) },
        };
        foreach (var feature in node.Features)
        {
            status.Features.Add(new Status.Types.Feature
            {
                Name = feature.Name,
                Available = feature.Available,
                Detail = feature.Available || !feature.IsOptional ? feature.Detail : $"{feature.Detail}; instead: {feature.Fallback}",
            });
        }
        foreach (var uplink in node.Uplinks)
        {
            status.Features.Add(new Status.Types.Feature
            {
                Name = uplink == node.UplinkDevice ? "uplink" : "external-interface",
                Available = true,
                Detail = $"{uplink.Name}, MTU {uplink.Mtu}, {node.XdpModeOf(uplink.Port)} XDP, attached as {uplink.AttachedBy}",
            });
        }
        status.Features.Add(new Status.Types.Feature { Name = "routing", Available = true, Detail = Routing(node) });
        status.Features.Add(new Status.Types.Feature { Name = "services", Available = true, Detail = Services(node.Options) });
        foreach (var worker in node.Engine.Workers)
        {
            status.Workers.Add(new Status.Types.Worker
            {
                Id = (uint)worker.Id,
                Cpu = worker.Cpu,
                RxPackets = worker.Counters.Packets,
                Batches = worker.Counters.Batches,
                Sleeps = worker.Counters.Sleeps,
                BusyNanoseconds = CounterTotals.BusyNanoseconds(worker),
            });
        }
        var frames = node.Engine.AccountFrames();
        status.Frames = new Status.Types.Frames
        {
            Total = (ulong)frames.Total,
            Free = (ulong)frames.Free,
            Fill = (ulong)frames.Fill,
            Receive = (ulong)Math.Max(0, frames.Receive),
            Transmit = (ulong)Math.Max(0, frames.Transmit),
            Held = (ulong)frames.Held,
            FrameSize = Xdp.Interop.Umem.FrameSize,
        };
        status.Tables = Tables(node);
        var ports = TableUse.NatPorts(node.Engine);
        status.NatPorts = new Status.Types.NatPorts
        {
            First = node.Options.NatPorts.First,
            Last = node.Options.NatPorts.Last,
            MostUsed = (uint)ports.MostUsed,
            Used = ports.Used,
            Groups = (uint)ports.Groups,
        };
        return status;
    }

    private static Status.Types.Tables Tables(NodeRuntime node)
    {
        var (clients, places) = TableUse.Affinity(node);
        var (tracked, capacity) = TableUse.Conntrack(node.Engine);
        var (trackedV6, capacityV6) = TableUse.ConntrackV6(node.Engine);
        var (frontends, room) = node.SteeredFrontends;
        return new Status.Types.Tables
        {
            Endpoints = (ulong)node.Endpoints.Count,
            Services = (ulong)node.State.Services.Count,
            Backends = (ulong)node.ServiceBackends,
            Policies = (ulong)node.State.Policies.Count,
            Identities = (ulong)node.State.Identities.Count,
            Ipcache = (ulong)node.State.Ipcache.Count,
            Nodes = (ulong)node.State.Nodes.Count,
            ConntrackEntries = tracked,
            ConntrackCapacity = capacity,
            ConntrackEntriesV6 = trackedV6,
            ConntrackCapacityV6 = capacityV6,
            AffinityClients = clients,
            AffinityCapacity = places,
            UplinkFrontends = (ulong)frontends,
            UplinkFrontendsCapacity = (ulong)room,
        };
    }
}
