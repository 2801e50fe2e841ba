using Microsoft.Extensions.Logging;
using Xdp.Interop;

namespace Dataplane.Control.Apply;

/// <summary>
/// Brings a new MTU of the way to other nodes to those who send: pods and the node's own stack. Each is tried whatever became of the others, and again
/// until it has it. For one control thread at a time.
/// </summary>
/// <param name="log">For failures: who is not told learns by ICMP errors, and TCP is cut on its way out.</param>
internal sealed class PathMtuChange(ILogger log)
{
    private readonly HashSet<string> _behind = [];

    /// <summary>Who sends, with what sets the MTU of the routes in bytes.</summary>
    /// <param name="hostPort">The node's own.</param>
    /// <param name="pods">Attached ones.</param>
    public static IEnumerable<(string Who, Action<int> Set)> Senders(HostPort? hostPort, IEnumerable<EndpointStore.Attachment> pods)
    {
        if (hostPort is not null) yield return ("the node's own routes to pods", hostPort.SetRouteMtu);
        foreach (var pod in pods) yield return ($"routes of pod {pod.Endpoint.Key}", pod.Veth.SetRouteMtu);
    }

    /// <summary>Sets it.</summary>
    /// <param name="mtu">Bytes.</param>
    /// <param name="senders">All there are.</param>
    public void Apply(int mtu, IEnumerable<(string Who, Action<int> Set)> senders)
    {
        _behind.Clear();
        foreach (var (who, set) in senders)
        {
            if (Attempt(mtu, set) is not { } failure) continue;
            _behind.Add(who);
            log.LogWarning("{Who} keep their MTU for now: {Why}", who, failure.Message);
        }
    }

    /// <summary>Tries again what has failed.</summary>
    /// <param name="mtu">Bytes, as last applied.</param>
    /// <param name="senders">All there are now; who has gone meanwhile is forgotten.</param>
    /// <returns>Who has it now, for people.</returns>
    public IReadOnlyList<string> Retry(int mtu, IEnumerable<(string Who, Action<int> Set)> senders)
    {
        if (_behind.Count == 0) return [];
        var done = new List<string>();
        var still = new List<string>();
        foreach (var (who, set) in senders.Where(sender => _behind.Contains(sender.Who)))
        {
            if (Attempt(mtu, set) is null) done.Add($"MTU {mtu} of {who}");
            else still.Add(who);
        }
        _behind.Clear();
        _behind.UnionWith(still);
        return done;
    }

    private static XdpException? Attempt(int mtu, Action<int> set)
    {
        try
        {
            set(mtu);
            return null;
        }
        catch (XdpException e)
        {
            return e;
        }
    }
}
