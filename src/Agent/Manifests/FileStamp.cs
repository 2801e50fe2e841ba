using System.Security;

namespace Dataplane.Agent.Manifests;

/// <summary>What tells versions of a file apart without reading it; of a symbolic link, its target's.</summary>
/// <param name="Length">Bytes.</param>
/// <param name="Written">UTC.</param>
/// <param name="IsLink">The name is a symbolic link: the content may change without a trace at the name.</param>
internal readonly record struct FileStamp(long Length, DateTime Written, bool IsLink)
{
    /// <summary>Null when the file is gone, is a directory or may not be looked at.</summary>
    public static FileStamp? Of(string path)
    {
        try
        {
            var info = new FileInfo(path);
            if (!info.Exists)
                return null;
            var isLink = (info.Attributes & FileAttributes.ReparsePoint) != 0;
            if (isLink)
            {
                // Mounted ConfigMaps are links whose target is swapped: the link itself never changes.
                if (info.ResolveLinkTarget(returnFinalTarget: true) is not FileInfo { Exists: true } target)
                    return null;
                info = target;
            }
            return new FileStamp(info.Length, info.LastWriteTimeUtc, isLink);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SecurityException)
        {
            return null;
        }
    }
}
