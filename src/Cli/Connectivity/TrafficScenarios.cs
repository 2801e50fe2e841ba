namespace Dataplane.Cli.Connectivity;

/// <summary>Scenarios without a policy: who reaches whom.</summary>
internal static class TrafficScenarios
{
    /// <summary>All of them, in their order.</summary>
    public static IReadOnlyList<Scenario> All { get; } =
    [
        Scenario.OfProbes("no-policies", bed => Clients(bed).SelectMany(client => bed.Echoes.SelectMany(echo => new[]
        {
            new Probe(client, Transport.Tcp, bed.AddressOf(echo.Name), BedObjects.Port, echo.Name),
            new Probe(client, Transport.Tcp, bed.ClusterIpOf(echo.Name), BedObjects.Port, echo.Name),
        }))),
        Scenario.OfProbes("pod-to-pod", bed => Clients(bed).SelectMany(client => bed.Echoes.SelectMany(echo => new[]
        {
            new Probe(client, Transport.TcpLarge, bed.AddressOf(echo.Name), BedObjects.Port, echo.Name),
            new Probe(client, Transport.Udp, bed.AddressOf(echo.Name), BedObjects.Port, echo.Name),
            new Probe(client, Transport.Ping, bed.AddressOf(echo.Name), 0, Probe.Anyone),
        }))),
        Scenario.OfProbes("pod-to-service", bed => Clients(bed).SelectMany(client => bed.Echoes.SelectMany(echo => new[]
        {
            new Probe(client, Transport.TcpLarge, bed.ClusterIpOf(echo.Name), BedObjects.Port, echo.Name),
            new Probe(client, Transport.Udp, bed.ClusterIpOf(echo.Name), BedObjects.Port, echo.Name),
        }))),
        Scenario.OfProbes("pod-to-local-nodeport", bed => bed.Echoes.Select(echo =>
            new Probe(TestBed.Client, Transport.Tcp, bed.Local.Address, bed.NodePortOf(echo.Name), echo.Name))),
        Scenario.OfProbes(
            "pod-to-remote-nodeport",
            bed => bed.Echoes.Select(echo => new Probe(TestBed.Client, Transport.Tcp, bed.Remote!.Address, bed.NodePortOf(echo.Name), echo.Name)),
            bed => bed.LacksRemote),
        new Scenario("outside-to-nodeport", OutsideQuestions.RunAsync),
        Scenario.OfProbes("pod-to-hostport", bed => Clients(bed).SelectMany(client => bed.Echoes.Select(echo =>
            new Probe(client, Transport.Tcp, echo.Node.Address, BedObjects.HostPort, echo.Name)))),
        Scenario.OfProbes("pod-to-itself-via-service", bed => bed.Echoes.Select(echo =>
            new Probe(echo.Name, Transport.Tcp, bed.ClusterIpOf(echo.Name), BedObjects.Port, echo.Name))),
        Scenario.OfProbes("pod-to-host", bed => Clients(bed).SelectMany(client => bed.Echoes.Select(echo =>
            new Probe(client, Transport.Ping, echo.Node.Address, 0, Probe.Anyone)))),
        Scenario.OfProbes("host-to-pod", bed => Hosts(bed).SelectMany(host => bed.Echoes.SelectMany(echo => new[]
        {
            new Probe(host, Transport.Tcp, bed.AddressOf(echo.Name), BedObjects.Port, echo.Name),
            new Probe(host, Transport.Ping, bed.AddressOf(echo.Name), 0, Probe.Anyone),
        }))),
        Scenario.OfProbes("pod-to-world", bed => Clients(bed).Select(client => World(bed, client, Probe.Anyone)), LacksWorld),
        Scenario.OfProbes("client-to-client", bed => from a in Clients(bed) from b in Clients(bed) where a != b select new Probe(a, Transport.Ping, bed.AddressOf(b), 0, Probe.Anyone)),
    ];

    /// <summary>A question to the server outside of the cluster.</summary>
    public static Probe World(TestBed bed, string client, string? answer)
    {
        var (host, port) = WorldAddress.Parse(bed.Options.World);
        return new Probe(client, Transport.Tcp, host, port, answer);
    }

    /// <summary>Why what needs a server outside is not tried.</summary>
    public static string? LacksWorld(TestBed bed) => bed.Options.World.Length == 0 ? "no server outside of the cluster is given (--world ADDRESS:PORT)" : null;

    private static string[] Clients(TestBed bed) =>
        bed.Remote is null ? [TestBed.Client, TestBed.OtherClient] : [TestBed.Client, TestBed.OtherClient, TestBed.RemoteClient];

    private static string[] Hosts(TestBed bed) => bed.Remote is null ? [TestBed.LocalHost] : [TestBed.LocalHost, TestBed.RemoteHost];
}
