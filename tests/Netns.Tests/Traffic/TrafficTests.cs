using System.Globalization;
using System.Text.Json;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Traffic;

/// <summary>
/// Real programs over every route of a cluster. After each test no kernel has seen a wrong checksum or a datagram that
/// it could not put together again, and every frame is accounted for.
/// </summary>
public abstract class TrafficTests<TBed>(TBed bed) : IClassFixture<TBed>
    where TBed : TrafficBed, ITrafficRoutes
{
    // Around every edge: no payload, the smallest with a time stamp, one frame of the overlay's MTU 1450 exactly
    // (1422), of the underlay's (1472), and what needs up to seven fragments.
    private static readonly int[] PingSizes =
        [0, 1, 7, 8, 15, 16, 17, 55, 56, 64, 511, 1400, 1421, 1422, 1423, 1472, 1473, 2000, 2846, 2847, 4000, 5000, 8000, 8972];

    private static readonly int[] DatagramSizes = [9, 1400, 1422, 1423, 2000, 4000, 9000, 20000, 60000];

    /// <summary>Routes of this cluster, for theories.</summary>
    public static TheoryData<string> Routes => [.. TBed.Routes];

    /// <summary>Routes that cross the underlay.</summary>
    public static TheoryData<string> RoutesAcross => [.. TBed.Routes.Where(name => name.Contains("other node", StringComparison.Ordinal))];

    /// <summary>Routes to an address that answers to ping.</summary>
    public static TheoryData<string> RoutesWithoutServices => [.. TBed.Routes.Where(name => !name.Contains("service", StringComparison.Ordinal))];

    [RequiresRootTheory, MemberData(nameof(Routes))]
    public void Http_answers_and_the_server_sees_the_client(string name) => Over(name, route =>
    {
        for (int i = 0; i < 3; i++)
        {
            string answer = route.Client.Run("curl", "-sS", "--max-time", "5", $"http://{route.Address}:8080/").Output;
            using JsonDocument seen = JsonDocument.Parse(answer);
            Assert.Equal(route.ServerName, seen.RootElement.GetProperty("pod").GetString());
            Assert.Equal(route.ClientAddress, seen.RootElement.GetProperty("client").GetString());
        }
    });

    [RequiresRootTheory, MemberData(nameof(Routes))]
    public void A_large_file_arrives_as_it_was_sent(string name) => Over(name, route =>
    {
        string file = Path.Combine(bed.Cluster.Topology.Folder, "download");
        string header = route.Client.Run("curl", "-sS", "--max-time", "30", "-D", "-", "-o", file, $"http://{route.Address}:8080/big/64").Output;
        string expected = header.Split('\n').Single(line => line.StartsWith("X-Sha256:", StringComparison.Ordinal))[9..].Trim();

        string actual = Command.Run("sha256sum", file).Output.Split(' ')[0];

        File.Delete(file);
        Assert.Equal(expected, actual);
    });

    [RequiresRootTheory, MemberData(nameof(RoutesWithoutServices))]
    public void Ping_of_every_size_is_answered(string name) => Over(name, route =>
    {
        string lost = route.Client.Run(TimeSpan.FromSeconds(120), "bash", "-c",
            $"for size in {string.Join(' ', PingSizes)}; do ping -q -c 1 -W 2 -s $size {route.Address} >/dev/null || echo -n \"$size \"; done").Output;

        Assert.Equal("", lost);
    });

    [RequiresRootTheory, MemberData(nameof(Routes))]
    public void One_tcp_stream_flows(string name) => Over(name, route => TcpFlows(route, "-t", "1"));

    [RequiresRootTheory, MemberData(nameof(Routes))]
    public void Four_tcp_streams_flow_back(string name) => Over(name, route => TcpFlows(route, "-t", "1", "-P", "4", "-R"));

    [RequiresRootTheory, MemberData(nameof(Routes))]
    public void A_udp_stream_flows(string name) => Over(name, route =>
    {
        JsonElement sum = Iperf.Run(route, "-u", "-b", "30M", "-l", "1398", "-w", "2M", "-t", "1").GetProperty("sum");

        Assert.True(sum.GetProperty("packets").GetInt64() > 1000, sum.ToString());
        Assert.True(sum.GetProperty("lost_percent").GetDouble() < 1.0, sum.ToString());
    });

    [RequiresRootTheory, MemberData(nameof(Routes))]
    public void Segmented_datagrams_arrive_as_sent(string name) => Over(name, route =>
    {
        const int Count = 40, Size = 1400, Last = 700;
        string run = Random.Shared.Next(1, int.MaxValue).ToString(CultureInfo.InvariantCulture);

        Send(route, "--run", run, "--segment", "--count", $"{Count}", "--size", $"{Size}", "--last", $"{Last}");

        string report = WaitForDatagrams(route, run, Count);
        using JsonDocument received = JsonDocument.Parse(report);
        Assert.Equal(
            Enumerable.Range(0, Count).Select(i => (i, i == Count - 1 ? Last : Size, true)),
            received.RootElement.EnumerateArray().Select(row => (row[0].GetInt32(), row[1].GetInt32(), row[2].GetBoolean())).Order());
    });

    [RequiresRootTheory, MemberData(nameof(Routes))]
    public void Datagrams_in_fragments_arrive_and_come_back(string name) => Over(name, route =>
    {
        foreach (int size in DatagramSizes)
            Send(route, "--echo", "--count", "3", "--size", size.ToString(CultureInfo.InvariantCulture));
    });

    [RequiresRootTheory, MemberData(nameof(RoutesAcross))]
    public void Frames_on_the_underlay_decode_with_right_checksums(string name) => Over(name, route =>
    {
        using (var there = new UnderlayCapture(bed.Cluster, route.ClientNode))
        using (var back = new UnderlayCapture(bed.Cluster, route.ServerNode))
        {
            route.Client.Run("curl", "-sS", "--max-time", "10", "-o", "/dev/null", $"http://{route.Address}:8080/big/4");
            Send(route, "--echo", "--count", "3", "--size", "100");
            if (!route.IsService)
                route.Client.Run("ping", "-q", "-c", "3", "-i", "0.2", "-W", "2", route.Address);

            there.Check(minimumFrames: 10);
            back.Check(minimumFrames: 100);
        }
    });

    private void TcpFlows(TrafficRoute route, params string[] options)
    {
        long lost = LostOnTheWire();
        JsonElement end = Iperf.Run(route, options);
        lost = LostOnTheWire() - lost;
        JsonElement sent = end.GetProperty("sum_sent");
        double bytes = end.GetProperty("sum_received").GetProperty("bytes").GetDouble();
        double segments = sent.GetProperty("bytes").GetDouble() / 1400;
        double again = sent.TryGetProperty("retransmits", out JsonElement retransmits) ? retransmits.GetDouble() : 0;
        // Usual is less than one in a thousand. A busy machine loses more: a lost super-packet counts as its forty-six segments.
        const double Bound = 0.02, Super = 46;

        Assert.True(bytes > 1_000_000, $"{bytes} bytes in a second");
        Assert.True(again <= Bound * segments + Super * lost, $"{again} of {segments:0} segments were sent again, and the wire lost {lost} frames");
    }

    // A plain node sends faster than a veth with an XDP program takes in, whose ring has 256 places: the switch drops the rest before any of us sees it.
    private long LostOnTheWire()
    {
        using JsonDocument links = JsonDocument.Parse(bed.Cluster.Underlay.Run("ip", "-s", "-j", "link").Output);
        return links.RootElement.EnumerateArray().Sum(link => link.GetProperty("stats64").GetProperty("tx").GetProperty("dropped").GetInt64());
    }

    private static void Send(TrafficRoute route, params string[] options) =>
        route.Client.Run(Installed.Python, [Installed.TestFile("Traffic/traffic.py"), "send", route.Address, "7001", .. options]);

    private static string WaitForDatagrams(TrafficRoute route, string run, int count)
    {
        string report = "";
        for (int attempt = 0; attempt < 20; attempt++)
        {
            // Asked inside the server's own namespace: this question is not part of what is tested.
            report = route.Server.Run("curl", "-sS", "--max-time", "5", $"http://127.0.0.1:8080/datagrams/{run}").Output;
            using JsonDocument rows = JsonDocument.Parse(report);
            if (rows.RootElement.GetArrayLength() >= count)
                break;
            Thread.Sleep(50);
        }
        return report;
    }

    // Runs one test over a route, then looks for what must never be left behind.
    private void Over(string name, Action<TrafficRoute> test)
    {
        TrafficRoute route = bed.Route(name);
        try
        {
            test(route);
            string[] wrong =
            [
                .. bed.Cluster.Topology.Namespaces.SelectMany(net => KernelCounters.Errors(net.Value).Select(error => $"{net.Key}: {error}")),
                .. bed.Cluster.Nodes.Select(node => node.FrameLeak()).OfType<string>(),
            ];
            Assert.Empty(wrong);
        }
        catch (Exception failure)
        {
            throw new CommandException($"{failure.Message}\n{bed.Cluster.Log()}"); // the log tells more than the stack of the check
        }
    }
}
