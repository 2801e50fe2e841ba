using System.CommandLine;
using Dataplane.Cli.Output;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Verbs;

/// <summary>"dpctl service": frontends and the backends behind them.</summary>
internal static class ServiceVerb
{
    /// <summary>Makes the verb with list.</summary>
    public static Command Create(VerbRunner runner) => new("service", "Service frontends and their backends")
    {
        ListVerb.Create(
            runner, "List frontends with their backends; the ID is the line's number", (control, cancel) => control.ListServicesAsync(new ListRequest(), cancel), Table),
    };

    private static TextTable Table(IReadOnlyList<Service> services)
    {
        var table = new TextTable("ID", "Frontend", "Service Type", "Backend", "Service");
        int id = 0;
        foreach (var service in services)
            foreach (var frontend in service.Frontends)
                table.Add(
                    $"{++id}",
                    $"{Words.AddressPort(frontend.Address, frontend.Port)}/{Words.Protocol(service.Protocol)}",
                    TypeName(frontend.Kind),
                    Backends(service),
                    NameOf(service));
        return table;
    }

    private static string Backends(Service service) => service.Backends.Count == 0
        ? "none (connections are refused)"
        : string.Join('\n', service.Backends.Select((backend, index) =>
            $"{index + 1} => {Words.AddressPort(backend.Address, backend.Port)}/{Words.Protocol(service.Protocol)} (active)"));

    private static string NameOf(Service service) =>
        $"{service.Namespace}/{service.Name}{(service.PortName.Length == 0 ? "" : ":" + service.PortName)}";

    private static string TypeName(Frontend.Types.Kind kind) => kind switch
    {
        Frontend.Types.Kind.ClusterIp => "ClusterIP",
        Frontend.Types.Kind.NodePort => "NodePort",
        Frontend.Types.Kind.ExternalIp => "ExternalIPs",
        Frontend.Types.Kind.LoadBalancer => "LoadBalancer",
        Frontend.Types.Kind.HostPort => "HostPort",
        _ => "unknown",
    };
}
