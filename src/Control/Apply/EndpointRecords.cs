using Dataplane.Contracts;
using Dataplane.Contracts.V1;
using Google.Protobuf;

namespace Dataplane.Control.Apply;

/// <summary>
/// What was attached, as a file for each pod, so that the process that comes next attaches it again: a container runtime asks for a pod's
/// network once only.
/// </summary>
/// <param name="socketPath">Path of the control socket, which the files are beside; see <see cref="EndpointNotes"/>.</param>
internal sealed class EndpointRecords(string socketPath)
{
    private readonly string _folder = EndpointNotes.FolderOf(socketPath);

    /// <summary>Notes a pod. The file is complete or not there, whenever the process ends.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Keep(AttachEndpointRequest request)
    {
        Directory.CreateDirectory(_folder);
        string path = PathOf(request.Namespace, request.Pod, request.ContainerId);
        File.WriteAllText(path + ".new", JsonFormatter.Default.Format(request));
        File.Move(path + ".new", path, overwrite: true);
    }

    /// <summary>Whether a pod is noted.</summary>
    public bool Contains(string podNamespace, string pod, string containerId) => File.Exists(PathOf(podNamespace, pod, containerId));

    /// <summary>Forgets a pod; nothing happens when it was not noted.</summary>
    public void Forget(string podNamespace, string pod, string containerId)
    {
        // Without the folder there is no file to delete, which File.Delete takes for an error.
        if (Directory.Exists(_folder)) File.Delete(PathOf(podNamespace, pod, containerId));
    }

    /// <summary>All pods that were noted, in the order of their file names.</summary>
    /// <param name="unreadable">Gets each file that is none of ours, with what is wrong with it.</param>
    public List<AttachEndpointRequest> Read(Action<string, string> unreadable)
    {
        var requests = new List<AttachEndpointRequest>();
        if (!Directory.Exists(_folder)) return requests;
        foreach (string path in Directory.EnumerateFiles(_folder, "*" + EndpointNotes.Extension).Order(StringComparer.Ordinal))
        {
            try
            {
                requests.Add(JsonParser.Default.Parse<AttachEndpointRequest>(File.ReadAllText(path)));
            }
            catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException or IOException)
            {
                unreadable(path, e.Message);
            }
        }
        return requests;
    }

    // dpctl takes any text for a container's ID, and the name of the interface is as distinct.
    private string PathOf(string podNamespace, string pod, string containerId) =>
        EndpointNotes.PathOf(socketPath, IsFileName(containerId) ? containerId : PodVeth.HostNameFor(podNamespace, pod));

    private static bool IsFileName(string text) =>
        text.Length is > 0 and < 200 && char.IsAsciiLetterOrDigit(text[0]) && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-');
}
