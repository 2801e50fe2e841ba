using System.Security;

namespace Dataplane.Agent.Manifests;

/// <summary>What tells versions of a file apart without reading it; of a symbolic link, its target's.</summary>
internal readonly record struct FileStamp(long Length, DateTime Written)
{
    /// <summary>Null when the file is gone, is a directory or may not be looked at.</summary>
    public static FileStamp? Of(string path)
    {
        try
        {
            var info = new FileInfo(path);
            if (!info.Exists)
                return null;
            if ((info.Attributes & FileAttributes.ReparsePoint) != 0)
            {
                // Mounted ConfigMaps are links whose target is swapped: the link itself never changes.
                if (info.ResolveLinkTarget(returnFinalTarget: true) is not FileInfo { Exists: true } target)
                    return null;
                info = target;
            }
            return new FileStamp(info.Length, info.LastWriteTimeUtc);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SecurityException)
        {
            return null;
        }
    }
}
