using System.Text;
using Xdp.Interop.Native;

namespace Xdp.Interop;

/// <summary>Names and indexes of network devices in the calling thread's network namespace.</summary>
public static unsafe class InterfaceName
{
    private const int MaxBytes = 16; // IFNAMSIZ, with the final zero

    /// <summary>The index of the device, or 0 when there is none of that name.</summary>
    public static int ToIndex(string name)
    {
        Span<byte> text = stackalloc byte[MaxBytes];
        if (name.Length >= MaxBytes || !Encoding.ASCII.TryGetBytes(name, text, out int written))
            return 0;
        text[written] = 0;
        fixed (byte* pointer = text)
            return (int)LibC.if_nametoindex(pointer);
    }

    /// <summary>The name of the device, or <c>ifindex N</c> when there is none; for messages.</summary>
    public static string FromIndex(int ifindex)
    {
        byte* text = stackalloc byte[MaxBytes];
        return LibC.if_indextoname((uint)ifindex, text) == null
            ? $"ifindex {ifindex}"
            : Encoding.ASCII.GetString(System.Runtime.InteropServices.MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text));
    }
}
