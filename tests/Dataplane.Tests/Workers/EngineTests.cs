using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Dataplane.Conntrack;
using Dataplane.Packets;
using Dataplane.Telemetry;
using Dataplane.Testing;
using Dataplane.Testing.Packets;
using Xunit;
using V6 = Dataplane.Testing.Packets.SampleNodeOf<Dataplane.Packets.IPv6Address>;

namespace Dataplane.Tests.Workers;

/// <summary>Both families through real sockets, between real stacks, which check every checksum and answer as they see fit.</summary>
public sealed class EngineTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [RequiresRootTheory]
    [InlineData(1)]
    [InlineData(2)] // each port is another worker's
    public void PodsReachEachOtherByBothFamilies(int workers)
    {
        using var bed = new EngineBed(workers);
        Ping(bed.PodA, V6.PodB, 56);
        Ping(bed.PodA, V6.PodB, 9000);
        Ping(bed.PodB, V6.PodA, 56);
        Ping(bed.PodA, SampleNode.PodB, 56);
        Ping(bed.PodB, SampleNode.PodA, 9000);
        Assert.Equal((2L, 3L), (bed.Engine.Conntrack.Reader.Count, bed.Engine.ConntrackV6!.Reader.Count));
        NothingIsLost(bed);
    }

    /// <summary>Neighbour discovery is all that a pod needs: the gateway answers, and says that it is a router.</summary>
    [RequiresRootFact]
    public void APodFindsItsGateway()
    {
        using var bed = new EngineBed(1);
        Ping(bed.PodA, V6.PodB, 56);
        string neighbor = bed.PodA.Run("ip", "-6", "neigh", "show", "dev", "eth0").Output;
        Assert.Contains($"{V6.Gateway} lladdr {SampleNode.GatewayMac} router", neighbor, StringComparison.Ordinal);
    }

    [RequiresRootTheory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(1, false)]
    public async Task AServiceServesAndTheServerSeesItsClient(int workers, bool v6)
    {
        using var bed = new EngineBed(workers);
        bed.Engine.Workers[0].Events.Watch(on: true);
        var (service, client) = v6 ? (V6.WebService, V6.PodA) : (SampleNode.WebService.Widen(), SampleNode.PodA.Widen());
        Assert.Equal(client.ToString(), await Transfer(bed.PodA, bed.PodB, EndPoint(service, 80), 8080, 20_000_000));
        NothingIsLost(bed);

        // And whoever watches is told so, by addresses of one form.
        FlowRecord record;
        do Assert.True(bed.Engine.Workers[0].Events.TryRead(out record), "no record of the connection");
        while (record.Reason != DropReason.None); // of the pods' listener reports, too
        var expected = new FlowTuple<IPv6Address>(client, service, record.Tuple.SourcePort, Be16.FromHost(80), 6);
        Assert.Equal((expected, v6 ? V6.PodB : SampleNode.PodB.Widen(), VerdictKind.Forward), (record.Tuple, record.Translated.Destination, record.Verdict));
    }

    /// <summary>The other end is the kernel's vxlan device: super-packets are cut into what it takes, and what it sends is merged.</summary>
    [RequiresRootTheory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(1, false)]
    public async Task AnotherNodeIsReachedThroughTheTunnel(int workers, bool v6)
    {
        using var bed = new EngineBed(workers);
        if (v6)
        {
            Ping(bed.PodA, V6.RemotePod, 56);
            Ping(bed.Remote, V6.PodA, 1400 - 40);
        }
        IPv6Address podA = v6 ? V6.PodA : SampleNode.PodA.Widen(), remote = v6 ? V6.RemotePod : SampleNode.RemotePod.Widen();
        Assert.Equal(podA.ToString(), await Transfer(bed.PodA, bed.Remote, EndPoint(v6 ? V6.RemoteService : SampleNode.RemoteService.Widen(), 80), 8080, 10_000_000));
        Assert.Equal(remote.ToString(), await Transfer(bed.Remote, bed.PodA, EndPoint(podA, 9000), 9000, 10_000_000));
        var counters = bed.Engine.Workers.Select(w => w.Counters).ToList();
        Assert.True(counters.Sum(c => (long)c.Segments) > 5000, "nothing was cut");
        Assert.True(counters.Sum(c => (long)c.CoalescedPackets) > 0, "nothing was merged");
        NothingIsLost(bed);
    }

    /// <summary>Their stack believes our errors, so that they were right to the last bit.</summary>
    [RequiresRootFact]
    public void PodsBelieveWhatTheyAreTold()
    {
        using var bed = new EngineBed(1);
        Assert.Contains("Time exceeded: Hop limit", bed.PodA.Try(Patience, "ping", "-6", "-c", "1", "-W", "2", "-t", "1", V6.PodB.ToString()).Output, StringComparison.Ordinal);

        bed.PodA.Ip($"-6 route replace default via {V6.Gateway} mtu 9000 src {V6.PodA}");
        bed.PodA.Try(Patience, "ping", "-6", "-c", "2", "-i", "0.2", "-W", "1", "-M", "do", "-s", "3000", V6.RemotePod.ToString());
        Assert.Contains($"mtu {SampleNode.PathMtu}", bed.PodA.Run("ip", "-6", "route", "get", V6.RemotePod.ToString()).Output, StringComparison.Ordinal);

        using var client = EngineBed.Open(bed.PodA, AddressFamily.InterNetworkV6, SocketType.Stream);
        var refused = Assert.Throws<SocketException>(() => client.Connect(EndPoint(V6.EmptyService, 80)));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        NothingIsLost(bed);
    }

    [RequiresRootFact]
    public void FragmentsArePutTogetherAgain()
    {
        using var bed = new EngineBed(1);
        bed.PodA.Ip($"-6 route replace default via {V6.Gateway} mtu 1280 src {V6.PodA}");
        Ping(bed.PodA, V6.PodB, 4000);
        Ping(bed.PodA, V6.RemotePod, 4000);
        NothingIsLost(bed);
    }

    [RequiresRootFact]
    public void APodWithoutIPv6AddressIsNotHeard()
    {
        using var bed = new EngineBed(1);
        Ping(bed.PodB, V6.PodA, 56);
        bed.Publish(podBHasV6: false);
        bed.PodB.Ip("neigh flush dev eth0");
        ulong before = bed.Dropped(DropReason.EtherTypeUnsupported, TrafficDirection.Egress);
        Assert.NotEqual(0, bed.PodB.Try(Patience, "ping", "-6", "-c", "1", "-W", "1", V6.PodA.ToString()).ExitCode);
        Assert.True(bed.Dropped(DropReason.EtherTypeUnsupported, TrafficDirection.Egress) > before);
        Ping(bed.PodB, SampleNode.PodA, 56); // by IPv4 all is well
        NothingIsLost(bed);
    }

    private static void Ping<TAddress>(NetworkNamespace from, TAddress to, int bytes)
        where TAddress : unmanaged, IIpAddress<TAddress> =>
        from.Run(Patience, "ping", Family<TAddress>.IsV6 ? "-6" : "-4", "-c", "3", "-i", "0.05", "-W", "2", "-s", bytes.ToString(System.Globalization.CultureInfo.InvariantCulture), to.ToString()!);

    /// <summary>Sends bytes there and a digest of them back; returns whom the server took for its client.</summary>
    private static async Task<string> Transfer(NetworkNamespace client, NetworkNamespace server, IPEndPoint to, int port, int bytes)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var listener = EngineBed.Open(server, to.AddressFamily, SocketType.Stream);
        listener.Bind(new IPEndPoint(to.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, port));
        listener.Listen();
        var served = Serve(listener, patience.Token);

        byte[] data = new byte[bytes];
        new Random(1).NextBytes(data);
        using var socket = EngineBed.Open(client, to.AddressFamily, SocketType.Stream);
        await socket.ConnectAsync(to, patience.Token);
        for (int sent = 0; sent < bytes;) sent += await socket.SendAsync(data.AsMemory(sent), patience.Token);
        socket.Shutdown(SocketShutdown.Send);
        byte[] digest = new byte[SHA256.HashSizeInBytes];
        for (int got = 0; got < digest.Length;) got += await socket.ReceiveAsync(digest.AsMemory(got), patience.Token) is var read and > 0 ? read : throw new IOException("cut off");
        Assert.Equal(SHA256.HashData(data), digest);
        return await served;
    }

    private static async Task<string> Serve(Socket listener, CancellationToken patience)
    {
        using var socket = await listener.AcceptAsync(patience);
        using var sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[65536];
        while (await socket.ReceiveAsync(buffer, patience) is var read and > 0) sum.AppendData(buffer, 0, read);
        await socket.SendAsync(sum.GetHashAndReset(), patience);
        return ((IPEndPoint)socket.RemoteEndPoint!).Address.ToString();
    }

    private static IPEndPoint EndPoint(IPv6Address address, int port) => new(IPAddress.Parse(address.ToString()), port);

    private static void NothingIsLost(EngineBed bed)
    {
        Assert.All(bed.Engine.Workers, w => Assert.Null(w.Failure));
        var deadline = DateTime.UtcNow + Patience;
        while (!bed.Engine.AccountFrames().Closes && DateTime.UtcNow < deadline) Thread.Sleep(50);
        Assert.True(bed.Engine.AccountFrames().Closes, bed.Engine.AccountFrames().ToString());
    }
}
