using System.Text.RegularExpressions;
using Dataplane.Contracts;
using Dataplane.Control.Apply;
using Xdp.Interop;
using Xdp.Interop.Links;

namespace Dataplane.Control.Cleanup;

/// <summary>
/// Undoes on this node what a dataplane has left there that does not run any more: the node's stack works as if there had never been one. Needs no API
/// server and no state but the note of changed settings. In the calling thread's network namespace.
/// </summary>
/// <param name="output">Says what was removed and what could not be.</param>
/// <param name="hostPort">Name of the host stack's end of the host port.</param>
/// <param name="stateDirectory">Where the notes of changed settings and of pods are.</param>
/// <param name="removePods">Also interfaces of pods and the notes of them, which otherwise wait for a successor and let nothing pass.</param>
/// <param name="controlSocket">Path of the control socket, which the notes of pods are beside; null: in the state directory.</param>
internal sealed partial class NodeCleanup(TextWriter output, string hostPort, string stateDirectory, bool removePods, string? controlSocket = null)
{
    private int _removed;
    private int _failed;

    /// <summary>Does it; the steps that matter most to the node come first, and each is tried whatever became of the others.</summary>
    /// <returns>True when nothing is left, also when nothing was there.</returns>
    public bool Run()
    {
        IReadOnlyList<LinkInfo> links = [];
        Attempt("interfaces", () =>
        {
            using var netlink = NetlinkSocket.Open();
            links = netlink.Links.List();
        });
        foreach (var link in links.Where(link => link.XdpMode != LinkXdpMode.None)) Attempt(link.Name, () => DetachUplink(link));
        Attempt("rules, routes and settings", () =>
        {
            foreach (string undone in new HostFrontends(hostPort, stateDirectory).Remove()) Removed(undone);
        });
        Attempt("routes to pods", () =>
        {
            foreach (string route in PodRoutes.Remove()) Removed(route);
        });
        Attempt(hostPort, () => RemoveHostPort(links.FirstOrDefault(link => link.Name == hostPort)));
        var pods = links.Where(link => link.Kind == "veth" && PodName().IsMatch(link.Name)).ToList();
        if (removePods)
        {
            foreach (var pod in pods) Attempt(pod.Name, () => RemovePod(pod));
            Attempt("notes of pods", RemoveNotes);
        }
        else if (pods.Count > 0)
        {
            output.WriteLine($"left in place: {pods.Count} interface(s) of pods, which let nothing pass until a dataplane takes them over; --pods removes them");
        }
        if (_removed == 0 && _failed == 0) output.WriteLine("nothing of a dataplane was found");
        return _failed == 0;
    }

    private void DetachUplink(LinkInfo link)
    {
        if (XdpProgram.DetachLeftover(link.Index, XdpObjects.UplinkProgram)) Removed($"XDP program {XdpObjects.UplinkProgram} from {link.Name}");
        else if (XdpProgram.NameOn(link.Index) == XdpObjects.UplinkProgram)
            throw new XdpException($"detach {XdpObjects.UplinkProgram} from {link.Name}", Errno.EBUSY, $"do it by hand: ip link set dev {link.Name} xdp off");
    }

    private void RemoveHostPort(LinkInfo? link)
    {
        if (link is null) return;
        if (link.Alias != HostVeth.Alias)
            throw new XdpException($"remove {link.Name}", Errno.EEXIST, "it is not a host port of a dataplane (those have an alias that says so); name the right one with --host-port");
        if (HostVeth.Remove(link.Name)) Removed($"host port {link.Name} with its addresses and routes");
    }

    private void RemovePod(LinkInfo pod)
    {
        if (XdpProgram.NameOn(pod.Index) != XdpObjects.PodProgram) return; // somebody else's, by its name ours
        if (PodVeth.Remove(pod.Name)) Removed($"interface {pod.Name} of pod {pod.Alias ?? "(unknown)"}");
    }

    // Without its interface a pod cannot be taken over: a successor would fail at each note.
    private void RemoveNotes()
    {
        string socket = controlSocket ?? Path.Combine(stateDirectory, "control.sock"), folder = EndpointNotes.FolderOf(socket);
        if (FlowHandover.Forget(socket)) Removed($"connections that were left to the next dataplane in {FlowHandover.PathOf(socket)}");
        if (!Directory.Exists(folder)) return;
        int count = Directory.GetFiles(folder, "*" + EndpointNotes.Extension).Length;
        Directory.Delete(folder, recursive: true);
        Removed($"notes of {count} pod(s) in {folder}");
    }

    private void Attempt(string what, Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is XdpException or DllNotFoundException or IOException or UnauthorizedAccessException)
        {
            _failed++;
            output.WriteLine($"{what}: {e.Message}");
        }
    }

    private void Removed(string what)
    {
        _removed++;
        output.WriteLine($"removed {what}");
    }

    // PodVeth.HostNameFor
    [GeneratedRegex("^dp[0-9a-f]{11}$")]
    private static partial Regex PodName();
}
