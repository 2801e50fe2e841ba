using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using Dataplane.Testing;
using Xdp.Interop.Native;
using Xunit;

namespace Xdp.Interop.Tests;

/// <summary>Compiles Abi/abi.c and compares every struct and constant of Native with C, and the newest ones with the running kernel's BTF.</summary>
public sealed class AbiTests
{
    private const BindingFlags Static = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;
    private const BindingFlags Instance = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    // C name, then the C names of our fields in our order. "prefix": we read only the first bytes of the C struct.
    private static readonly Dictionary<Type, (string Struct, string[] Fields, bool Prefix)> Structs = new()
    {
        [typeof(Rlimit)] = ("struct rlimit", ["rlim_cur", "rlim_max"], false),
        [typeof(EpollEvent)] = ("struct epoll_event", ["events", "data"], false),
        [typeof(SockaddrXdp)] = ("struct sockaddr_xdp", ["sxdp_family", "sxdp_flags", "sxdp_ifindex", "sxdp_queue_id", "sxdp_shared_umem_fd"], false),
        [typeof(XdpUmemReg)] = ("struct xdp_umem_reg_6_8", ["addr", "len", "chunk_size", "headroom", "flags", "tx_metadata_len"], false),
        [typeof(XdpRingOffset)] = ("struct xdp_ring_offset", ["producer", "consumer", "desc", "flags"], false),
        [typeof(XdpMmapOffsets)] = ("struct xdp_mmap_offsets", ["rx", "tx", "fr", "cr"], false),
        [typeof(XskTxMetadata)] = ("struct xsk_tx_metadata_6_8", ["flags", "csum_start", "csum_offset", "launch_time"], false),
        [typeof(XdpDescriptor)] = ("struct xdp_desc", ["addr", "len", "options"], false),
        [typeof(XdpStatistics)] = ("struct xdp_statistics", ["rx_dropped", "rx_invalid_descs", "tx_invalid_descs", "rx_ring_full", "rx_fill_ring_empty_descs", "tx_ring_empty_descs"], false),
        [typeof(BpfXdpAttachOpts)] = ("struct bpf_xdp_attach_opts", ["sz", "old_prog_fd"], false),
        [typeof(BpfXdpQueryOpts)] = ("struct bpf_xdp_query_opts", ["sz", "prog_id", "drv_prog_id", "hw_prog_id", "skb_prog_id", "attach_mode"], false),
        [typeof(BpfProgInfo)] = ("struct bpf_prog_info", ["type", "id", "tag", "jited_prog_len", "xlated_prog_len", "jited_prog_insns", "xlated_prog_insns", "load_time", "created_by_uid", "nr_map_ids", "map_ids", "name"], true),
    };

    // Ours alone, without a C name.
    private static readonly HashSet<string> OurConstants = ["Library", "DefaultTxSkbBudget"];

    private static readonly Lazy<Dictionary<string, long>> FromC = new(CompileAndRun);

    [Fact]
    public void EveryStructThatCrossesTheBorderIsListed()
    {
        var native = typeof(XskAbi).Assembly.GetTypes()
            .Where(t => t is { IsValueType: true, IsEnum: false, IsNested: false, Namespace: "Xdp.Interop.Native" })
            .Append(typeof(XdpDescriptor)).Append(typeof(XdpStatistics));
        Assert.Equal(native.Select(t => t.Name).Order(), Structs.Keys.Select(t => t.Name).Order());
    }

    [Fact]
    public void EveryStructHasTheSizeAndOffsetsOfC()
    {
        foreach (var (type, (name, fields, prefix)) in Structs)
        {
            int declared = (int)type.GetField("Size", Static)!.GetRawConstantValue()!;
            Assert.Equal(declared, Marshal.SizeOf(type));
            long size = FromC.Value[$"sizeof({name})"];
            Assert.True(prefix ? declared <= size : declared == size, $"{type.Name}: {declared} bytes here, {size} in C");
            var ours = type.GetFields(Instance);
            Assert.Equal(fields.Length, ours.Length);
            foreach (var (field, c) in ours.Zip(fields))
                Assert.Equal((type.Name, c, FromC.Value[$"offsetof({name}, {c})"]), (type.Name, c, (long)Marshal.OffsetOf(type, field.Name)));
        }
    }

    [Fact]
    public void EveryConstantHasTheValueOfC()
    {
        foreach (var (name, value) in Constants())
            Assert.Equal((name, FromC.Value[name]), (name, value));
    }

    [Fact]
    public void StructsNewerThanTheHeadersAgreeWithTheRunningKernel()
    {
        // A kernel without BTF, or older than the struct, publishes nothing to compare.
        if (File.Exists("/sys/kernel/btf/vmlinux"))
            Assert.Contains("kernel xdp_umem_reg", FromC.Value.Keys);
        foreach (var (type, kernel) in new[] { (typeof(XdpUmemReg), "xdp_umem_reg"), (typeof(XskTxMetadata), "xsk_tx_metadata") })
        {
            foreach (var (field, c) in type.GetFields(Instance).Zip(Structs[type].Fields))
            {
                if (FromC.Value.TryGetValue($"kernel {kernel}.{c}", out long offset) && offset >= 0)
                    Assert.Equal((c, offset), (c, (long)Marshal.OffsetOf(type, field.Name)));
            }
            if (FromC.Value.TryGetValue($"kernel {kernel}", out long size))
                Assert.True(size <= Marshal.SizeOf(type), $"{kernel} has {size} bytes in this kernel");
        }
    }

    private static IEnumerable<(string Name, long Value)> Constants()
    {
        foreach (var type in new[] { typeof(XskAbi), typeof(LibC), typeof(LibBpf), typeof(LibXdp) })
        {
            foreach (var constant in type.GetFields(Static).Where(f => f.IsLiteral && !OurConstants.Contains(f.Name)))
                yield return (constant.Name, Convert.ToInt64(constant.GetRawConstantValue(), CultureInfo.InvariantCulture));
        }
    }

    private static Dictionary<string, long> CompileAndRun()
    {
        var list = new StringBuilder();
        foreach (var (_, (name, fields, _)) in Structs)
        {
            list.AppendLine(CultureInfo.InvariantCulture, $"\tshow(\"sizeof({name})\", sizeof({name}));");
            foreach (string field in fields)
                list.AppendLine(CultureInfo.InvariantCulture, $"\tshow(\"offsetof({name}, {field})\", offsetof({name}, {field}));");
        }
        foreach (var (name, _) in Constants())
            list.AppendLine(CultureInfo.InvariantCulture, $"\tshow(\"{name}\", {name});");

        string template = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Abi", "abi.c"));
        var folder = Directory.CreateTempSubdirectory("xdp-abi-");
        try
        {
            string source = Path.Combine(folder.FullName, "abi.c"), binary = Path.Combine(folder.FullName, "abi");
            File.WriteAllText(source, template.Replace("/* LIST */", list.ToString(), StringComparison.Ordinal));
            Command.Run("gcc", "-Werror", "-o", binary, source, "-lbpf");
            return Command.Run(binary).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => line.Split('='))
                .ToDictionary(parts => parts[0], parts => long.Parse(parts[1], CultureInfo.InvariantCulture));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
