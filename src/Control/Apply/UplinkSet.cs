using Microsoft.Extensions.Logging;
using Xdp.Interop;
using Xdp.Interop.Links;

namespace Dataplane.Control.Apply;

/// <summary>The devices that lead out: that of tunnels first, then those of `external-interfaces`. For one control thread at a time.</summary>
internal sealed class UplinkSet(NodeRuntime node, XdpAttachments programs, ILogger log)
{
    private readonly List<Uplink> _uplinks = [];

    /// <summary>All of them; none in a cluster of one node without an outside.</summary>
    public IReadOnlyList<Uplink> All => _uplinks;

    /// <summary>What keeps one from carrying its traffic, for people; one sentence each.</summary>
    public IEnumerable<string> Problems => _uplinks.Select(uplink => uplink.Problem).Append(_uplinks.Count == 0 ? null : UplinkChoice.FindProblem(_uplinks[0].Name, node.Options.NodeIp.IPv4)).OfType<string>();

    /// <summary>Opens those that the node is told of.</summary>
    /// <exception cref="XdpException">The kernel refused something; the message names it and the remedy.</exception>
    public void Open()
    {
        if (node.Options.Uplink is not { } name) return;
        foreach (string device in (string[])[name, .. node.Options.ExternalInterfaces]) _uplinks.Add(Uplink.Open(device, node, programs));
    }

    /// <summary>Follows what has become of the devices, and puts back what others have taken away.</summary>
    /// <param name="repaired">Gets what was put back, for people.</param>
    /// <returns>True when tables have to be published again.</returns>
    public bool Follow(List<string> repaired)
    {
        if (_uplinks.Count == 0) return false;
        using var netlink = NetlinkSocket.Open();
        var links = netlink.Links.List();
        bool moved = false;
        foreach (var uplink in _uplinks)
        {
            string? before = uplink.Problem;
            moved |= uplink.Follow(links, node, programs, repaired);
            if (uplink.Problem is { } problem && problem != before) log.LogError("{Problem}", problem);
        }
        return moved;
    }

    /// <summary>Leaves the devices to the kernel.</summary>
    public void Detach()
    {
        foreach (var uplink in _uplinks) uplink.Detach(programs);
    }
}
