using System.Runtime.InteropServices;

namespace Xdp.Interop;

/// <summary>Names and meanings of <see cref="Errno"/> values for messages.</summary>
public static class ErrnoExtensions
{
    /// <summary>The C name ("ENODEV"), or "errno 123" for a value without a member.</summary>
    public static string Name(this Errno errno) =>
        Enum.IsDefined(errno) ? errno.ToString() : $"errno {(int)errno}";

    /// <summary>The C name with the C library's sentence, e.g. "ENODEV (No such device)".</summary>
    public static string Describe(this Errno errno) =>
        $"{errno.Name()} ({Marshal.GetPInvokeErrorMessage((int)errno)})";

    /// <summary>The errno of the last native call on this thread that was declared with SetLastError.</summary>
    public static Errno Last() => (Errno)Marshal.GetLastPInvokeError();
}
