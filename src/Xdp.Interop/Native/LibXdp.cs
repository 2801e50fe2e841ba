using System.Runtime.InteropServices;

namespace Xdp.Interop.Native;

/// <summary>
/// libxdp 1.x, with its C names: the dispatcher that lets several XDP programs share a device. Pointers carry errors as
/// ERR_PTR, so each is passed through <see cref="libxdp_get_error"/>.
/// </summary>
internal static unsafe partial class LibXdp
{
    private const string Library = "libxdp.so.1";

    public const int XDP_MODE_NATIVE = 1;
    public const int XDP_MODE_SKB = 2;

    /// <summary>libxdp prints to stderr unless told otherwise, also about the fallbacks that we expect and report ourselves.</summary>
    static LibXdp() => libxdp_set_print(0);

    [LibraryImport(Library)]
    public static partial nint libxdp_set_print(nint callback);

    [LibraryImport(Library)]
    public static partial long libxdp_get_error(nint pointer);

    [LibraryImport(Library)]
    public static partial nint xdp_program__from_bpf_obj(nint obj, byte* sectionName);

    [LibraryImport(Library)]
    public static partial void xdp_program__close(nint program);

    [LibraryImport(Library)]
    public static partial int xdp_program__fd(nint program);

    [LibraryImport(Library)]
    public static partial byte* xdp_program__name(nint program);

    [LibraryImport(Library)]
    public static partial int xdp_program__attach(nint program, int ifindex, int mode, uint flags);

    [LibraryImport(Library)]
    public static partial int xdp_program__detach(nint program, int ifindex, int mode, uint flags);

    [LibraryImport(Library)]
    public static partial nint xdp_multiprog__get_from_ifindex(int ifindex);

    [LibraryImport(Library)]
    public static partial nint xdp_multiprog__next_prog(nint program, nint multiprog);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool xdp_multiprog__is_legacy(nint multiprog);

    [LibraryImport(Library)]
    public static partial int xdp_multiprog__attach_mode(nint multiprog);

    [LibraryImport(Library)]
    public static partial void xdp_multiprog__close(nint multiprog);
}
