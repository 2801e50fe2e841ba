using System.Runtime.InteropServices;

namespace Xdp.Interop.Native;

/// <summary>Owns one file descriptor and closes it exactly once.</summary>
internal sealed class SafeFileDescriptor : SafeHandle
{
    public SafeFileDescriptor(int fd) : base(-1, ownsHandle: true) => SetHandle(fd);

    public override bool IsInvalid => handle < 0;

    /// <summary>The number itself, for calls that run while this object is alive; -1 once it is closed.</summary>
    public int Number => IsClosed ? -1 : (int)handle;

    protected override bool ReleaseHandle() => LibC.close((int)handle) == 0;
}
