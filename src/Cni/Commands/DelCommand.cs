using System.Text.Json;
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
        try
        {
            Ask(call);
        }
        catch (CniException e) when (DataplaneConnection.IsGone(e))
        {
            // No process, no endpoint, and none in the next one. Its veth has no one at its end, and goes with the pod's network namespace.
            Forget(EndpointNotes.PathOf(UnixSocketAddress.ParsePath(call.Configuration.Control), call.Environment.ContainerId), call.Environment.Interface);
            AskAgain(call);
            call.Host.Error.WriteLine($"dataplane-cni: {e.Message}; only the address is released");
        }
    }

    private static void Ask(CniCall call)
    {
        string containerId = call.Environment.ContainerId, @interface = call.Environment.Interface;
        var pod = call.Environment.Pod;
        if (pod.IsNamed)
        {
            call.Dataplane.Detach(pod.Namespace, pod.Name, containerId, @interface);
            return;
        }
        foreach (var endpoint in call.Dataplane.ListEndpoints().Where(there => there.ContainerId == containerId && there.Interface == @interface))
            call.Dataplane.Detach(endpoint.Namespace, endpoint.Pod, containerId, @interface);
    }

    // A process that starts now may have read the note before it went. It looks for the notes again once it listens, so that either it misses this
    // one then, or it listens now.
    private static void AskAgain(CniCall call)
    {
        try
        {
            Ask(call);
        }
        catch (CniException e) when (DataplaneConnection.IsGone(e))
        {
            // As before.
        }
    }

    private static void Forget(string note, string @interface)
    {
        try
        {
            if (IsOf(note, @interface)) File.Delete(note);
        }
        catch (FileNotFoundException)
        {
            // Never attached, or deleted before.
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

    // A container may have been added by several names, of which the dataplane serves one. What cannot be read is of no use to anybody.
    private static bool IsOf(string note, string @interface)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(note));
            return !json.RootElement.TryGetProperty("interface", out var value) || value.GetString() == @interface;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return true;
        }
    }
}
