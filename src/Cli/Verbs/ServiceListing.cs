using Dataplane.Cli.Output;
using Dataplane.Contracts.V1;
using Kind = Dataplane.Contracts.V1.Frontend.Types.Kind;
using Use = Dataplane.Contracts.V1.Backend.Types.Use;

namespace Dataplane.Cli.Verbs;

/// <summary>Cells of one service in "dpctl service list", in the words of "cilium service list". Pure.</summary>
/// <param name="service">The service port.</param>
/// <param name="node">Name of the node that was asked.</param>
internal sealed class ServiceListing(Service service, string node)
{
    private readonly bool _anyCluster = service.Backends.Any(TakesByCluster);
    private readonly bool _anyLocal = service.Backends.Any(backend => TakesByLocal(backend, node));

    // Where one is meant for every address of the node, of which family it is the others say.
    private readonly string _anyAddress = service.Frontends.Any(f => f.Address.Contains(':')) && !service.Frontends.Any(f => f.Address.Contains('.')) ? "::" : "0.0.0.0";

    /// <summary>"namespace/name:port".</summary>
    public string Name => $"{service.Namespace}/{service.Name}{(service.PortName.Length == 0 ? "" : ":" + service.PortName)}";

    /// <summary>"ClusterIP", "NodePort" ...</summary>
    public static string TypeName(Kind kind) => kind switch
    {
        Kind.ClusterIp => "ClusterIP",
        Kind.NodePort => "NodePort",
        Kind.ExternalIp => "ExternalIPs",
        Kind.LoadBalancer => "LoadBalancer",
        Kind.HostPort => "HostPort",
        _ => "unknown",
    };

    /// <summary>"10.96.0.7:80/TCP"; where it is at every address of the node, "0.0.0.0:30080/TCP".</summary>
    public string Address(Frontend frontend) =>
        $"{Words.AddressPort(frontend.Address.Length == 0 ? _anyAddress : frontend.Address, frontend.Port)}/{Words.Protocol(service.Protocol)}";

    /// <summary>A line per backend, "1 => 10.244.1.7:8080/TCP (active)"; or that there is none.</summary>
    public string Backends(Frontend frontend)
    {
        if (service.Backends.Count == 0)
            return "none (connections are refused)";
        var lines = service.Backends.Select((backend, index) =>
            $"{index + 1} => {Words.AddressPort(backend.Address, backend.Port)}/{Words.Protocol(service.Protocol)} ({State(backend, frontend)})");
        return string.Join('\n', _anyCluster || _anyLocal ? lines : lines.Append("none takes connections (they are refused)"));
    }

    /// <summary>What else decides about connections to a frontend: "ext=Local aff=10800s", a line per source range; "-" for nothing.</summary>
    public string Policy(Frontend frontend)
    {
        var words = new List<string>();
        if (frontend.Kind == Kind.ClusterIp && service.InternalLocal)
            words.Add("int=" + Local);
        if (IsExternal(frontend.Kind) && service.ExternalLocal)
            words.Add("ext=" + Local);
        if (service.AffinitySeconds > 0)
            words.Add($"aff={service.AffinitySeconds}s");
        if (frontend.Kind == Kind.LoadBalancer && service.HealthCheckPort > 0)
            words.Add($"health={service.HealthCheckPort}");
        var lines = new List<string>();
        if (words.Count > 0)
            lines.Add(string.Join(' ', words));
        if (frontend.Kind == Kind.LoadBalancer)
            lines.AddRange(service.SourceRanges.Select(range => $"from={range}"));
        return Words.OrDash(string.Join('\n', lines));
    }

    private string Local => _anyLocal ? "Local" : "Local(none here)";

    private string State(Backend backend, Frontend frontend)
    {
        bool local = TakesByLocal(backend, node);
        if (frontend.Kind == Kind.ClusterIp && service.InternalLocal && !local && TakesByCluster(backend))
            return "not on this node";
        if (TakesByCluster(backend))
            return "active";
        if (local)
            return "active, local only";
        // Elsewhere, it may as well be that others are nearer: the contract does not tell the two apart.
        return backend.Node.Length > 0 && backend.Node == node ? "terminating" : "terminating or far";
    }

    private static bool IsExternal(Kind kind) => kind is Kind.NodePort or Kind.ExternalIp or Kind.LoadBalancer;

    private static bool TakesByCluster(Backend backend) => backend.Use is Use.Default or Use.Cluster or Use.ClusterAndLocal;

    private static bool TakesByLocal(Backend backend, string node) =>
        backend.Use is Use.Local or Use.ClusterAndLocal || backend.Use == Use.Default && backend.Node == node;
}
