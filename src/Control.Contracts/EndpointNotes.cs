namespace Dataplane.Contracts;

/// <summary>
/// Where the dataplane notes what is attached, for the process that comes after it: beside its control socket, since whoever detaches while no
/// process runs knows that path and no other.
/// </summary>
public static class EndpointNotes
{
    /// <summary>Ending of a note's file name.</summary>
    public const string Extension = ".json";

    /// <summary>The folder of the notes.</summary>
    /// <param name="socketPath">Path of the control socket.</param>
    public static string FolderOf(string socketPath) => socketPath + ".endpoints";

    /// <summary>The note of one attachment.</summary>
    /// <param name="socketPath">Path of the control socket.</param>
    /// <param name="name">The container's ID; of what was not attached for a container, the name of its interface.</param>
    public static string PathOf(string socketPath, string name) => Path.Combine(FolderOf(socketPath), name + Extension);
}
