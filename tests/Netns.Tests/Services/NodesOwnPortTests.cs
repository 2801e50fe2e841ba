using System.Globalization;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>
/// Processes of a node at ports that the uplink's program looks at: within the range of translated sources, and where a service was. To hosts
/// outside they are as if there was no dataplane.
/// </summary>
[Collection(ServiceBed.Name)]
public sealed class NodesOwnPortTests(ServiceBed bed)
{
    private const int Open = 51_001, OpenToo = 51_002, Closed = 51_003; // of nat-ports

    private (NetworkNamespace Client, string Address)[] Outside
    {
        get
        {
            _ = bed.Cluster; // starts it, and with it the hosts
            return [(bed.Neighbor, ServiceBed.NeighborAddress), (bed.World, Cluster.WorldAddress), (bed.Node2.Net, bed.Node2.Address)];
        }
    }

    [RequiresRootFact]
    public void APortOfTheRangeIsReachedFromOutsideByTcpAndUdpAndCarriesMuch()
    {
        using BackgroundProcess process = Serve(bed.Node1, "own", "--tcp", $"{Open}", "--udp", $"{Open}");
        using BackgroundProcess pages = bed.Node1.Net.Start(Installed.Python, "-c", PageServer, $"{OpenToo}");
        pages.WaitForOutput("serving", TimeSpan.FromSeconds(10));
        foreach ((NetworkNamespace client, string address) in Outside)
        {
            foreach (string protocol in (string[])["tcp", "udp"])
                Assert.Equal($"{protocol}: own saw {address}", $"{protocol}: {Who.Ask(client, protocol, bed.Node1.Address, Open)}");
            string digest = $"head -c {16 << 20} /dev/zero | sha256sum";
            string up = $"head -c {16 << 20} /dev/zero | curl -sS --max-time 20 -T - http://{bed.Node1.Address}:{OpenToo}/";
            string down = $"curl -sS --max-time 20 http://{bed.Node1.Address}:{OpenToo}/ | sha256sum";
            Assert.Equal(client.Run("bash", "-c", digest).Output, client.Run("bash", "-c", down).Output);
            Assert.Equal($"{16 << 20}", client.Run("bash", "-c", up).Output.Trim());
        }
    }

    [RequiresRootTheory]
    [InlineData("tcp")]
    [InlineData("udp")]
    public void AClosedPortOfTheRangeRefusesAtOnce(string protocol)
    {
        foreach ((NetworkNamespace client, _) in Outside) ExpectRefusal(client, protocol, Closed);
    }

    /// <summary>As after a restart of the node: the client must not wait for its timeouts.</summary>
    [RequiresRootFact]
    public void ASegmentOfNoConnectionIsResetByTheNode()
    {
        foreach ((NetworkNamespace client, string address) in Outside.Take(2))
        {
            string answer = client.Run(Installed.Python, [Installed.TestFile("Traffic/segment.py"), address, "5151", bed.Node1.Address, $"{Closed}", "PA", "--wait", "0.5"]).Output.Trim();
            Assert.Contains($"R from {bed.Node1.Address}:{Closed}", answer.Split('\n'));
        }
    }

    /// <summary>An ingress that moves from hostPort to hostNetwork, while clients stay connected.</summary>
    [RequiresRootFact]
    public void K18_WhereAServiceWasTheNodeIsReachedWhileItsConnectionsGoOn()
    {
        using AppliedService service = bed.Apply(bed.NewService(bed.Node1.Pods[0]).OfLines() with { Type = "NodePort" });
        using AppliedService datagrams = bed.Apply(bed.NewService(bed.Node1.Pods[0]).OverUdp() with { Type = "NodePort" });
        int port = service.Object.NodePort;
        using Dialogue old = Who.Hold(bed.World, bed.Node1.Address, port, "--interval", "0.1");
        using Dialogue oldDatagrams = Who.KeepAsking(bed.World, bed.Node1.Address, datagrams.Object.NodePort);
        oldDatagrams.WaitFor(answers => answers.Count > 0, "be answered for the first time"); // or it would be the node that they ask, which answers few per second
        string before = old.Last.ToString(), beforeDatagrams = oldDatagrams.Last.ToString();
        Assert.StartsWith($"{bed.Node1.Pods[0].Name} saw ", beforeDatagrams, StringComparison.Ordinal);
        service.Delete();
        datagrams.Delete();

        foreach ((NetworkNamespace client, _) in Outside)
        {
            ExpectRefusal(client, "tcp", port);
            ExpectRefusal(client, "udp", datagrams.Object.NodePort);
        }
        using (BackgroundProcess process = Serve(bed.Node1, "own", "--tcp", $"{port}", "--udp", $"{datagrams.Object.NodePort}"))
        {
            foreach ((NetworkNamespace client, string address) in Outside)
            {
                Assert.Equal($"own saw {address}", Who.Ask(client, "tcp", bed.Node1.Address, port).ToString());
                Assert.Equal($"own saw {address}", Who.Ask(client, "udp", bed.Node1.Address, datagrams.Object.NodePort).ToString());
            }
            oldDatagrams.WaitFor(beforeDatagrams.Replace(bed.Node1.Pods[0].Name, "own", StringComparison.Ordinal)); // datagrams are no connection (K24)
        }
        Assert.All(old.Next(5), answer => Assert.Equal(before, answer.ToString()));
    }

    private void ExpectRefusal(NetworkNamespace client, string protocol, int port)
    {
        Answer answer = Who.Ask(client, protocol, bed.Node1.Address, port);
        Assert.Equal($"{client.Name} by {protocol}: {Curl.Refused}", $"{client.Name} by {protocol}: {answer}");
        Assert.True(answer.Milliseconds < 500, string.Create(CultureInfo.InvariantCulture, $"{client.Name} by {protocol} was refused after {answer.Milliseconds} ms"));
    }

    private static BackgroundProcess Serve(DataplaneNode node, string name, params string[] ports)
    {
        BackgroundProcess process = node.Net.Start(Installed.Python, [Installed.TestFile("Traffic/who.py"), "serve", name, .. ports]);
        process.WaitForOutput("serving", TimeSpan.FromSeconds(10));
        return process;
    }

    // Sends 16 MB of zeros, or says how many bytes came.
    private const string PageServer =
        """
        import http.server, sys
        class Page(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def do_GET(self):
                self.send_response(200); self.send_header("Content-Length", str(16 << 20)); self.end_headers()
                for _ in range(16): self.wfile.write(bytes(1 << 20))
            def do_PUT(self):
                total = 0
                while (size := int(self.rfile.readline(), 16)) > 0: # in chunks
                    total += len(self.rfile.read(size)); self.rfile.readline()
                self.rfile.readline()
                text = str(total).encode()
                self.send_response(200); self.send_header("Content-Length", str(len(text))); self.end_headers(); self.wfile.write(text)
            def log_message(self, *_): pass
        server = http.server.ThreadingHTTPServer(("", int(sys.argv[1])), Page)
        print("serving", flush=True)
        server.serve_forever()
        """;
}
