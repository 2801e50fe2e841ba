using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Traffic;

/// <summary>
/// What a node sends to the underlay, as tcpdump decodes it at the switch. The underlay has no offloads on either side
/// (<see cref="Topology.Plug"/>), so that every checksum must be final there.
/// </summary>
internal sealed class UnderlayCapture : IDisposable
{
    private static readonly string[] SignsOfTrouble = ["incorrect", "bad cksum", "[bad ", "wrong", "[|", "truncated"];
    private readonly string _file;
    private readonly bool _tunnelled;
    private readonly BackgroundProcess _tcpdump;

    internal UnderlayCapture(Cluster cluster, ClusterNode node)
    {
        _tunnelled = cluster.Routing == "vxlan";
        _file = Path.Combine(cluster.Topology.Folder, $"underlay-{node.Name}.pcap");
        _tcpdump = cluster.SwitchOf(node).Start("tcpdump", "-i", node.Name, "-Q", "in", "-U", "-B", "16384", "-w", _file, "ip");
        _tcpdump.WaitForOutput("listening on", TimeSpan.FromSeconds(5));
    }

    /// <summary>Ends the capture; fails unless there are enough frames, all of them right, and all in VXLAN or, without tunnels, none.</summary>
    internal void Check(int minimumFrames)
    {
        Thread.Sleep(200); // what is still in tcpdump's ring
        _tcpdump.Stop(TimeSpan.FromSeconds(3));
        string[] lines = Command.Run("tcpdump", "-r", _file, "-nn", "-vv").Output.Split('\n');
        int tunnelled = lines.Count(line => line.Contains("VXLAN, flags [I] (0x08), vni 1", StringComparison.Ordinal));
        int frames = _tunnelled ? tunnelled : lines.Count(line => line.Contains("10.244.", StringComparison.Ordinal));
        Assert.True(frames >= minimumFrames, $"{frames} frames\n{string.Join('\n', lines.Take(40))}");
        Assert.True(_tunnelled || tunnelled == 0, $"{tunnelled} VXLAN frames\n{string.Join('\n', lines.Take(40))}");
        string wrong = string.Join('\n', lines.Where(line => SignsOfTrouble.Any(sign => line.Contains(sign, StringComparison.Ordinal))).Take(5));
        Assert.True(wrong.Length == 0, wrong);
    }

    public void Dispose()
    {
        _tcpdump.Dispose();
        File.Delete(_file);
    }
}
