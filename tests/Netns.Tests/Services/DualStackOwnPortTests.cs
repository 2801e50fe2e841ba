using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>K27: the node's own ports, where the uplink's program looks at them, by IPv6.</summary>
[Collection(DualStackBed.Name)]
public sealed class DualStackOwnPortTests(DualStackBed bed)
{
    private const int Open = 51_101, Closed = 51_102, NodePort = 30690; // the first two of nat-ports

    private static readonly string Node = IPv6Plan.Underlay(1);

    private (NetworkNamespace Client, string Address)[] Outside => [(bed.Neighbor, IPv6Plan.Underlay(100)), (bed.World, IPv6Plan.WorldAddress), (bed.Node2.Net, IPv6Plan.Underlay(2))];

    [RequiresRootFact]
    public void K27_APortOfTheRangeOfTranslatedSourcesIsTheNodes()
    {
        using BackgroundProcess process = bed.Node1.Net.Start(Installed.Python, "-c", Server, $"{Open}");
        process.WaitForOutput("serving", TimeSpan.FromSeconds(10));
        foreach ((NetworkNamespace client, string address) in Outside)
        {
            foreach (string protocol in (string[])["tcp", "udp"])
            {
                Assert.Equal($"{protocol}: {address} 1000", $"{protocol}: {Ask(client, protocol, Open)}");
                Assert.Equal($"{protocol}: refused", $"{protocol}: {Ask(client, protocol, Closed)}");
            }
        }
    }

    [RequiresRootFact]
    public void K27_K18_WhereAServiceWasTheNodeIsReachedWhileItsConnectionsGoOn()
    {
        using BackgroundProcess held = Hold(out IDisposable applied);
        applied.Dispose();
        foreach ((NetworkNamespace client, _) in Outside)
            DualStackBed.MustAnswer("refused", client, "tcp", Node, NodePort); // once the node has forgotten the service
        using BackgroundProcess process = bed.Node1.Net.Start(Installed.Python, "-c", Server, $"{NodePort}");
        process.WaitForOutput("serving", TimeSpan.FromSeconds(10));
        foreach ((NetworkNamespace client, string address) in Outside)
            Assert.Equal($"{address} 1000", Ask(client, "tcp", NodePort));
        Assert.False(held.HasExited, held.Output);
        held.WaitForOutput("still there", TimeSpan.FromSeconds(10));
    }

    // A connection to the service from the world that says so while it is answered after the port has become the node's.
    private BackgroundProcess Hold(out IDisposable applied)
    {
        applied = bed.Apply(new DualStackService("own-port", "10.96.6.9", "fd00:10:96::69") { Type = "NodePort", NodePort = NodePort, Pods = [bed.Node1.Pods[0]] });
        DualStackBed.MustAnswer($"{bed.Node1.Pods[0].Name} {IPv6Plan.WorldAddress}", bed.World, "tcp", Node, NodePort);
        BackgroundProcess held = bed.World.Start(Installed.Python, "-c", Client, "hold", Node, $"{NodePort}");
        held.WaitForOutput("connected", TimeSpan.FromSeconds(10));
        return held;
    }

    private static string Ask(NetworkNamespace client, string protocol, int port) => client.Run(Installed.Python, "-c", Client, protocol, Node, $"{port}").Output.Trim();

    // Says whom it sees and how many bytes came.
    private const string Server =
        """
        import socket, sys, threading
        port = int(sys.argv[1])
        listener = socket.create_server(("::", port), family=socket.AF_INET6, backlog=64)
        datagrams = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        datagrams.bind(("::", port))
        def udp():
            while True:
                data, peer = datagrams.recvfrom(65535)
                datagrams.sendto(f"{peer[0]} {len(data)}".encode(), peer)
        threading.Thread(target=udp, daemon=True).start()
        print("serving", flush=True)
        while True:
            connection, peer = listener.accept()
            total = 0
            while total < 1000: total += len(connection.recv(1000))
            connection.sendall(f"{peer[0]} {total}".encode())
            connection.close()
        """;

    private const string Client =
        """
        import socket, sys, time
        verb, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
        try:
            if verb == "udp":
                sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
                sock.settimeout(2)
                sock.connect((host, port))
            else:
                sock = socket.create_connection((host, port), timeout=2)
            if verb == "hold":
                print("connected", flush=True)
                sock.settimeout(None)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 2)
                sock.settimeout(8)
                try:
                    sock.recv(1)
                    print("closed", flush=True)
                except TimeoutError: # answered all the time
                    print("still there", flush=True)
                time.sleep(60)
            sock.send(bytes(1000))
            print(sock.recv(1000).decode())
        except ConnectionRefusedError:
            print("refused")
        except TimeoutError:
            print("silence")
        """;
}
