using System.Text.Json.Nodes;
using Dataplane.Cni.Configuration;

namespace Dataplane.Cni.Commands;

/// <summary>GC: what is attached for containers that the runtime does not list is detached, and its addresses are released. What dpctl attached is nobody's garbage.</summary>
internal static class GcCommand
{
    private const string ValidAttachments = "cni.dev/valid-attachments";

    /// <summary>Runs it; one container that cannot be detached does not keep it from the others.</summary>
    /// <exception cref="CniException">The first failure; the message says how many there were.</exception>
    public static void Run(CniCall call)
    {
        var valid = ReadValid(call.Configuration.Json);
        var failures = new List<CniException>();
        foreach (var (@namespace, pod, containerId, name) in FindStale(call, valid, failures))
        {
            Try(failures, () =>
            {
                call.Dataplane.Detach(@namespace, pod, containerId);
                call.Ipam.Del(containerId, name);
                call.Host.Error.WriteLine($"dataplane-cni: removed {@namespace}/{pod} of container {containerId}");
            });
        }
        // What could not be detached still has its address.
        if (failures.Count == 0) Try(failures, call.Ipam.CollectGarbage);
        if (failures.Count == 1) throw failures[0];
        if (failures.Count > 1) throw new CniException(failures[0].Code, $"{failures.Count} failures, the first: {failures[0].Message}", failures[0].Details, failures[0]);
    }

    private static HashSet<(string ContainerId, string Interface)> ReadValid(JsonObject json)
    {
        // Without the list everything would be garbage. Null is an empty list, as Go writes one.
        if (!json.ContainsKey(ValidAttachments)) throw JsonKeys.Bad(ValidAttachments, null, "GC needs the list of what is in use");
        return [.. json.Objects(ValidAttachments).Select((item, i) => (
            item.Text("containerID", $"{ValidAttachments}[{i}].") ?? throw JsonKeys.Bad($"{ValidAttachments}[{i}].containerID", null, "a container is needed"),
            item.Text("ifname", $"{ValidAttachments}[{i}].") ?? throw JsonKeys.Bad($"{ValidAttachments}[{i}].ifname", null, "an interface is needed")))];
    }

    private static IReadOnlyList<(string Namespace, string Pod, string ContainerId, string Interface)> FindStale(
        CniCall call, HashSet<(string ContainerId, string Interface)> valid, List<CniException> failures)
    {
        try
        {
            return [.. call.Dataplane.ListEndpoints()
                .Where(there => there.ContainerId.Length > 0 && !valid.Contains((there.ContainerId, there.Interface)))
                .Select(there => (there.Namespace, there.Pod, there.ContainerId, there.Interface))];
        }
        catch (CniException e) when (DataplaneConnection.IsGone(e))
        {
            return []; // no process, no endpoint
        }
        catch (CniException e)
        {
            failures.Add(e);
            return [];
        }
    }

    private static void Try(List<CniException> failures, Action step)
    {
        try
        {
            step();
        }
        catch (CniException e)
        {
            failures.Add(e);
        }
    }
}
