using Xdp.Interop.Native;

namespace Xdp.Interop;

/// <summary>The file system in which BPF objects are pinned; libxdp's dispatcher needs it, our own attachments do not.</summary>
public static class BpfFileSystem
{
    /// <summary>Where everybody expects it.</summary>
    public const string MountPoint = "/sys/fs/bpf";

    /// <summary>Whether it is mounted in this mount namespace.</summary>
    public static bool IsMounted
    {
        get
        {
            try
            {
                foreach (string line in File.ReadLines("/proc/self/mounts"))
                {
                    string[] fields = line.Split(' ');
                    if (fields.Length > 2 && fields[1] == MountPoint && fields[2] == "bpf")
                        return true;
                }
            }
            catch (IOException)
            {
                // Without /proc we cannot know; mounting once more would only be refused.
            }
            return false;
        }
    }

    /// <summary>Mounts it when it is missing. A refusal (no CAP_SYS_ADMIN) is not an error: the caller does without.</summary>
    /// <returns>Whether it is mounted now.</returns>
    public static bool TryMount() => IsMounted || LibC.mount("bpf", MountPoint, "bpf", 0, 0) == 0;
}
