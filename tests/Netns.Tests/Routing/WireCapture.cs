using System.Globalization;
using System.Text.RegularExpressions;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;

namespace Dataplane.Netns.Tests.Routing;

/// <summary>What a node sends to its link, as tcpdump sees it at the switch: how much of it between two addresses, and whether in VXLAN.</summary>
internal sealed partial class WireCapture : IDisposable
{
    private readonly string _file;
    private readonly BackgroundProcess _tcpdump;

    internal WireCapture(Cluster cluster, ClusterNode node)
    {
        _file = Path.Combine(cluster.Topology.Folder, $"wire-{node.Name}.pcap");
        _tcpdump = cluster.SwitchOf(node).Start("tcpdump", "-i", node.Name, "-Q", "in", "-U", "-B", "16384", "-w", _file, "ip or ip6");
        _tcpdump.WaitForOutput("listening on", TimeSpan.FromSeconds(5));
    }

    /// <summary>Ends the capture; frames between two addresses as they are, those in VXLAN, and the longest IP packet of the former in bytes.</summary>
    internal (int Plain, int Tunnelled, int Longest) Count(string source, string destination)
    {
        Thread.Sleep(200); // what is still in tcpdump's ring
        _tcpdump.Stop(TimeSpan.FromSeconds(3));
        // Two lines for each IPv4 header: "IP (tos ..., length 84)" and "    source > destination: ..."; one for each of IPv6. VXLAN has the inner ones
        // behind its own line.
        string[] lines = Command.Run("tcpdump", "-r", _file, "-nn", "-v").Output.Split('\n');
        int plain = 0, tunnelled = 0, longest = 0;
        for (int i = 0; i < lines.Length; i++)
        {
            if (!Between(source, destination).IsMatch(lines[i]))
                continue;
            int before = i - (lines[i].StartsWith(' ') ? 2 : 1);
            if (before >= 0 && lines[before].Contains("VXLAN", StringComparison.Ordinal))
            {
                tunnelled++;
                continue;
            }
            plain++;
            if (i > 0 && LengthOf().Match(lines[i - 1]) is { Success: true } length)
                longest = Math.Max(longest, int.Parse(length.Groups[1].Value, CultureInfo.InvariantCulture));
        }
        return (plain, tunnelled, longest);
    }

    public void Dispose()
    {
        _tcpdump.Dispose();
        File.Delete(_file);
    }

    // tcpdump appends the port to the address; ICMP has none.
    private static Regex Between(string source, string destination) =>
        new($@"(^\s+|\) ){Regex.Escape(source)}(\.\d+)? > {Regex.Escape(destination)}(\.\d+)?: ", RegexOptions.CultureInvariant);

    [GeneratedRegex(@"^(?:\S+ )?IP \(.*length (\d+)")]
    private static partial Regex LengthOf();
}
