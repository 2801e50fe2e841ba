namespace Dataplane.Control.Server;

/// <summary>
/// Holds a node's dataplane for one process, from before it touches a device until it ends, however it ends: a second one would take the
/// uplink's program over before it finds the control socket taken, and leave it without sockets.
/// </summary>
internal static class ProcessLock
{
    /// <summary>What the name of a lock's file ends in.</summary>
    public const string Suffix = ".lock";

    /// <summary>Takes it; null when another process has it.</summary>
    /// <param name="path">Path of what is locked, for example the control socket, which the lock's file is beside.</param>
    /// <exception cref="IOException">The file cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The file cannot be made.</exception>
    public static IDisposable? TryTake(string path)
    {
        path += Suffix;
        if (Path.GetDirectoryName(path) is { Length: > 0 } folder) Directory.CreateDirectory(folder);
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None); // flock(2), LOCK_EX
        }
        catch (IOException e) when (e.HResult == EWouldBlock)
        {
            return null;
        }
    }

    // What .NET makes of flock's answer.
    private const int EWouldBlock = 11;
}
