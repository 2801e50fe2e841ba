using Dataplane.Contracts;
using Dataplane.Contracts.Grpc;

namespace Dataplane.Cni.Commands;

/// <summary>
/// DEL: the interface goes first and then the address, which must not be given to another pod while the dataplane still sends its packets
/// here (P28). Nothing to remove is a success, at whatever point an ADD has ended.
/// </summary>
internal static class DelCommand
{
    /// <summary>Runs it.</summary>
    /// <exception cref="CniException">Something may still be there: the runtime is to call again.</exception>
    public static void Run(CniCall call)
    {
        Detach(call);
        call.Ipam.Del();
    }

    private static void Detach(CniCall call)
    {
        string containerId = call.Environment.ContainerId;
        var pod = call.Environment.Pod;
        try
        {
            if (pod.IsNamed)
            {
                call.Dataplane.Detach(pod.Namespace, pod.Name, containerId);
                return;
            }
            foreach (var endpoint in call.Dataplane.ListEndpoints().Where(there => there.ContainerId == containerId))
                call.Dataplane.Detach(endpoint.Namespace, endpoint.Pod, containerId);
        }
        catch (CniException e) when (DataplaneConnection.IsGone(e))
        {
            // No process, no endpoint, and none in the next one. Its veth has no one at its end, and goes with the pod's network namespace.
            Forget(EndpointNotes.PathOf(UnixSocketAddress.ParsePath(call.Configuration.Control), containerId));
            call.Host.Error.WriteLine($"dataplane-cni: {e.Message}; only the address is released");
        }
    }

    private static void Forget(string note)
    {
        try
        {
            File.Delete(note);
        }
        catch (DirectoryNotFoundException)
        {
            // Nothing was ever attached, or the node was started anew.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CniException(CniErrorCode.TryAgainLater, $"{note}: {e.Message}; delete it, or the dataplane will take the pod for one that is there");
        }
    }
}
