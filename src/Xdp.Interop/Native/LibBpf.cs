using System.Runtime.InteropServices;

namespace Xdp.Interop.Native;

/// <summary>
/// libbpf 1.x, with its C names. Functions that return int give -errno; those that return a pointer give null and set errno.
/// </summary>
internal static unsafe partial class LibBpf
{
    private const string Library = "libbpf.so.1";

    public const uint BPF_F_XDP_HAS_FRAGS = 1 << 5;         // Linux 5.18
    public const uint XDP_FLAGS_UPDATE_IF_NOEXIST = 1 << 0;
    public const uint XDP_FLAGS_SKB_MODE = 1 << 1;
    public const uint XDP_FLAGS_DRV_MODE = 1 << 2;
    public const uint XDP_FLAGS_REPLACE = 1 << 4;

    /// <summary>libbpf prints to stderr unless told otherwise; its reasons reach us as errno and verifier log.</summary>
    static LibBpf() => libbpf_set_print(0);

    /// <summary>Turns a result of -errno into <see cref="Errno"/>; None for success.</summary>
    public static Errno ErrorOf(int result) => result < 0 ? (Errno)(-result) : Errno.None;

    [LibraryImport(Library)]
    public static partial nint libbpf_set_print(nint callback);

    [LibraryImport(Library)]
    public static partial int libbpf_num_possible_cpus();

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint bpf_object__open_mem(byte* buffer, nuint size, void* options);

    [LibraryImport(Library)]
    public static partial int bpf_object__load(nint obj);

    [LibraryImport(Library)]
    public static partial void bpf_object__close(nint obj);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint bpf_object__find_program_by_name(nint obj, string name);

    [LibraryImport(Library)]
    public static partial int bpf_program__set_log_buf(nint program, byte* buffer, nuint size);

    [LibraryImport(Library)]
    public static partial uint bpf_program__flags(nint program);

    [LibraryImport(Library)]
    public static partial int bpf_program__set_flags(nint program, uint flags);

    [LibraryImport(Library)]
    public static partial int bpf_program__fd(nint program);

    [LibraryImport(Library)]
    public static partial byte* bpf_program__section_name(nint program);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint bpf_object__find_map_by_name(nint obj, string name);

    [LibraryImport(Library)]
    public static partial nint bpf_object__next_map(nint obj, nint previous);

    [LibraryImport(Library)]
    public static partial int bpf_map__reuse_fd(nint map, int fd);

    [LibraryImport(Library)]
    public static partial int bpf_map__fd(nint map);

    [LibraryImport(Library)]
    public static partial byte* bpf_map__name(nint map);

    [LibraryImport(Library)]
    public static partial uint bpf_map__key_size(nint map);

    [LibraryImport(Library)]
    public static partial uint bpf_map__value_size(nint map);

    [LibraryImport(Library)]
    public static partial uint bpf_map__max_entries(nint map);

    [LibraryImport(Library)]
    public static partial int bpf_map_update_elem(int fd, void* key, void* value, ulong flags);

    [LibraryImport(Library)]
    public static partial int bpf_map_lookup_elem(int fd, void* key, void* value);

    [LibraryImport(Library)]
    public static partial int bpf_map_delete_elem(int fd, void* key);

    [LibraryImport(Library)]
    public static partial int bpf_map_get_next_key(int fd, void* key, void* next);

    [LibraryImport(Library)]
    public static partial int bpf_xdp_attach(int ifindex, int program, uint flags, BpfXdpAttachOpts* options);

    [LibraryImport(Library)]
    public static partial int bpf_xdp_detach(int ifindex, uint flags, BpfXdpAttachOpts* options);

    [LibraryImport(Library)]
    public static partial int bpf_xdp_query(int ifindex, int flags, BpfXdpQueryOpts* options);

    [LibraryImport(Library)]
    public static partial int bpf_prog_get_fd_by_id(uint id);

    [LibraryImport(Library)]
    public static partial int bpf_obj_get_info_by_fd(int fd, void* info, uint* length);
}
