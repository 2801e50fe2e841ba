using Microsoft.Extensions.Logging;
using Xdp.Interop;

namespace Dataplane.Control.Apply;

/// <summary>Brings a new MTU of the way to other nodes to those who send: pods and the node's own stack. Each is tried whatever became of the others.</summary>
internal static class PathMtuChange
{
    /// <summary>Sets it.</summary>
    /// <param name="mtu">Bytes.</param>
    /// <param name="hostPort">The node's own.</param>
    /// <param name="pods">Attached ones.</param>
    /// <param name="log">For failures: who is not told learns by ICMP errors, and TCP is cut on its way out.</param>
    public static void Apply(int mtu, HostPort? hostPort, IEnumerable<EndpointStore.Attachment> pods, ILogger log)
    {
        Attempt("the node's own routes to pods", () => hostPort?.SetRouteMtu(mtu));
        foreach (var pod in pods) Attempt($"routes of pod {pod.Endpoint.Key}", () => pod.Veth.SetRouteMtu(mtu));

        void Attempt(string what, Action action)
        {
            try
            {
                action();
            }
            catch (XdpException e)
            {
                log.LogWarning("{What} keep their MTU: {Why}", what, e.Message);
            }
        }
    }
}
