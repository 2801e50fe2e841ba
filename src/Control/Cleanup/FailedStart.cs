using Dataplane.Control.Apply;
using Dataplane.Control.Options;
using Xdp.Interop;
using Xdp.Interop.Links;

namespace Dataplane.Control.Cleanup;

/// <summary>
/// What becomes of the node when a start fails half-way. A node that had nothing of a dataplane gets its own networking back; on one where an earlier dataplane
/// had its devices, all stays for the next attempt, which takes it over.
/// </summary>
/// <param name="options">Of the start.</param>
internal sealed class FailedStart(DataplaneOptions options)
{
    private readonly bool _wasClean = IsClean(options);

    /// <summary>Undoes what was made. Called once the start's own objects are not used any more.</summary>
    /// <returns>What the operator has to know, one line.</returns>
    public string Undo()
    {
        string command = $"dataplane cleanup --host-port {options.HostPort} --state-dir {options.StateDirectory} --control unix://{options.ControlSocketPath}";
        if (!_wasClean) return $"what an earlier dataplane has left on this node is still there, for the next start; `{command}` removes it";
        var output = new StringWriter();
        return new NodeCleanup(output, options.HostPort, options.StateDirectory, removePods: false).Run()
            ? "what was made of the node's networking until then is undone"
            : $"not everything that was made until then could be undone ({output.ToString().TrimEnd().ReplaceLineEndings("; ")}); run `{command}`";
    }

    private static bool IsClean(DataplaneOptions options)
    {
        try
        {
            using var netlink = NetlinkSocket.Open();
            return netlink.Links.Find(options.HostPort) is null && !netlink.Links.List().Any(link => link.XdpMode != LinkXdpMode.None && XdpProgram.NameOn(link.Index) == XdpObjects.UplinkProgram);
        }
        catch (XdpException)
        {
            return false; // better to leave something than to take what is in use
        }
    }
}
