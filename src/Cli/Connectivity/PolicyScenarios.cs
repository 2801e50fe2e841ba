using System.Text.Json.Nodes;

namespace Dataplane.Cli.Connectivity;

/// <summary>Scenarios with a NetworkPolicy each.</summary>
internal static class PolicyScenarios
{
    private const string DnsNamespace = "kube-system", DnsService = "kube-dns";

    /// <summary>All of them, in their order.</summary>
    public static IReadOnlyList<Scenario> All { get; } =
    [
        new Scenario("dns-only", DnsOnlyAsync),
        Scenario.OfPolicy(
            "all-ingress-deny-knp",
            _ => Spec("""{"podSelector":{},"policyTypes":["Ingress"]}"""),
            bed => Ask(bed, TestBed.Client, allowed: false).Concat(Ask(bed, TestBed.OtherClient, allowed: false)).Concat(FromOwnNodes(bed))),
        Scenario.OfPolicy(
            "all-egress-deny-knp",
            _ => Spec("""{"podSelector":{},"policyTypes":["Egress"]}"""),
            bed => Ask(bed, TestBed.Client, allowed: false).Concat(Ask(bed, TestBed.OtherClient, allowed: false)).Concat(FromOwnNodes(bed))),
        Scenario.OfPolicy(
            "client-egress-knp",
            _ => Spec("""{"podSelector":{"matchLabels":{"kind":"client"}},"policyTypes":["Egress"],"egress":[{"to":[{"podSelector":{"matchLabels":{"name":"echo-same-node"}}}],"ports":[{"port":8080,"protocol":"TCP"}]}]}"""),
            OnlyLocalEcho),
        Scenario.OfPolicy(
            "client-egress-expression-knp",
            _ => Spec("""{"podSelector":{"matchExpressions":[{"key":"kind","operator":"In","values":["client"]}]},"policyTypes":["Egress"],"egress":[{"to":[{"podSelector":{"matchExpressions":[{"key":"name","operator":"NotIn","values":["echo-other-node"]},{"key":"kind","operator":"In","values":["echo"]}]}}],"ports":[{"port":8080,"protocol":"TCP"}]}]}"""),
            OnlyLocalEcho),
        Scenario.OfPolicy(
            "client-ingress-knp",
            _ => Spec("""{"podSelector":{"matchLabels":{"name":"client"}},"policyTypes":["Ingress"],"ingress":[{"from":[{"podSelector":{"matchLabels":{"other":"client"}}}]}]}"""),
            IntoClient),
        Scenario.OfPolicy(
            "client-ingress-expression-knp",
            _ => Spec("""{"podSelector":{"matchExpressions":[{"key":"name","operator":"In","values":["client"]}]},"policyTypes":["Ingress"],"ingress":[{"from":[{"podSelector":{"matchExpressions":[{"key":"other","operator":"Exists"}]}}]}]}"""),
            IntoClient),
        Scenario.OfPolicy(
            "echo-ingress-knp",
            _ => Spec("""{"podSelector":{"matchLabels":{"kind":"echo"}},"policyTypes":["Ingress"],"ingress":[{"from":[{"podSelector":{"matchLabels":{"other":"client"}}}],"ports":[{"port":8080,"protocol":"TCP"}]}]}"""),
            bed => Ask(bed, TestBed.Client, allowed: false).Concat(Ask(bed, TestBed.OtherClient, allowed: true))
                .Concat(bed.Echoes.Select(echo => new Probe(TestBed.OtherClient, Transport.Udp, bed.AddressOf(echo.Name), BedObjects.Port, null)))),
        Scenario.OfPolicy(
            "to-cidr",
            bed => Spec($$$"""{"podSelector":{"matchLabels":{"name":"client"}},"policyTypes":["Egress"],"egress":[{"to":[{"ipBlock":{"cidr":"{{{Single(bed.AddressOf(TestBed.LocalEcho))}}}"}}]}]}"""),
            bed => bed.Echoes.Select(echo => new Probe(TestBed.Client, Transport.Tcp, bed.ClusterIpOf(echo.Name), BedObjects.Port, echo.Name == TestBed.LocalEcho ? echo.Name : null))
                .Append(new Probe(TestBed.Client, Transport.Ping, bed.AddressOf(TestBed.OtherClient), 0, null))),
        Scenario.OfPolicy(
            "to-cidr-external-knp",
            bed => Spec($$$"""{"podSelector":{"matchLabels":{"name":"client"}},"policyTypes":["Egress"],"egress":[{"to":[{"ipBlock":{"cidr":"{{{Single(WorldAddress.Parse(bed.Options.World).Address)}}}"}}]}]}"""),
            bed => Ask(bed, TestBed.Client, allowed: false).Append(TrafficScenarios.World(bed, TestBed.Client, Probe.Anyone)),
            TrafficScenarios.LacksWorld),
    ];

    // A name is found, and who it names is not reached: the only thing that is let out is the question to the DNS.
    private static async Task<ScenarioOutcome> DnsOnlyAsync(TestBed bed, CancellationToken cancel)
    {
        if (!await bed.Api.ExistsAsync($"api/v1/namespaces/{DnsNamespace}/services/{DnsService}", cancel).ConfigureAwait(false))
            return ScenarioOutcome.Skipped($"there is no service {DnsNamespace}/{DnsService}");
        var failures = await bed.AskUnderPolicyAsync(
            "dns-only",
            Spec("""{"podSelector":{"matchLabels":{"kind":"client"}},"policyTypes":["Egress"],"egress":[{"to":[{"namespaceSelector":{}}],"ports":[{"port":53,"protocol":"UDP"},{"port":53,"protocol":"TCP"}]}]}"""),
            [.. bed.Echoes.Select(echo => new Probe(TestBed.Client, Transport.Tcp, $"{echo.Name}.{bed.Options.Namespace}.svc", BedObjects.Port, null)), .. Ask(bed, TestBed.OtherClient, allowed: false)],
            cancel).ConfigureAwait(false);
        return failures.Count == 0 ? ScenarioOutcome.Passed : ScenarioOutcome.Failed(string.Join('\n', failures));
    }

    private static IEnumerable<Probe> OnlyLocalEcho(TestBed bed) => bed.Echoes
        .Select(echo => new Probe(TestBed.Client, Transport.Tcp, bed.ClusterIpOf(echo.Name), BedObjects.Port, echo.Name == TestBed.LocalEcho ? echo.Name : null))
        .Append(new Probe(TestBed.Client, Transport.Udp, bed.AddressOf(TestBed.LocalEcho), BedObjects.Port, null))
        .Append(new Probe(TestBed.OtherClient, Transport.Tcp, bed.AddressOf(TestBed.Client), BedObjects.Port, null));

    private static IEnumerable<Probe> IntoClient(TestBed bed) => bed.Echoes
        .Select(echo => new Probe(echo.Name, Transport.Tcp, bed.AddressOf(TestBed.Client), BedObjects.Port, null))
        .Append(new Probe(TestBed.OtherClient, Transport.Tcp, bed.AddressOf(TestBed.Client), BedObjects.Port, TestBed.Client))
        .Append(new Probe(TestBed.Client, Transport.Tcp, bed.AddressOf(TestBed.LocalEcho), BedObjects.Port, TestBed.LocalEcho));

    // By pod address and by service: both must be told the same.
    private static IEnumerable<Probe> Ask(TestBed bed, string client, bool allowed) => bed.Echoes.SelectMany(echo => new[]
    {
        new Probe(client, Transport.Tcp, bed.AddressOf(echo.Name), BedObjects.Port, allowed ? echo.Name : null),
        new Probe(client, Transport.Tcp, bed.ClusterIpOf(echo.Name), BedObjects.Port, allowed ? echo.Name : null),
    });

    // A node reaches its own pods under any policy, as its kubelet's probes must.
    private static IEnumerable<Probe> FromOwnNodes(TestBed bed) => bed.Echoes.Select(echo =>
        new Probe(echo.Name == TestBed.LocalEcho ? TestBed.LocalHost : TestBed.RemoteHost, Transport.Tcp, bed.AddressOf(echo.Name), BedObjects.Port, echo.Name));

    private static string Single(string address) => address.Contains(':', StringComparison.Ordinal) ? $"{address}/128" : $"{address}/32";

    private static JsonObject Spec(string json) => JsonNode.Parse(json)!.AsObject();
}
