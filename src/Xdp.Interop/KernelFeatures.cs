using System.Globalization;
using System.Runtime.InteropServices;
using Xdp.Interop.Native;

namespace Xdp.Interop;

/// <summary>Asks the kernel what it offers, by trying; versions lie on distribution kernels. No device is touched.</summary>
public static unsafe class KernelFeatures
{
    private const int RLIMIT_MEMLOCK = 8;
    private const int CAP_IPC_LOCK = 14;
    private const int CAP_SYS_ADMIN = 21;
    private const int ProbeFrames = 16;

    /// <summary>Probes everything, in some milliseconds. Never throws for a missing feature.</summary>
    public static IReadOnlyList<KernelFeature> Probe()
    {
        var features = new List<KernelFeature>();
        ulong capabilities = EffectiveCapabilities();
        ProbeSocket(features);
        features.Add(ProbeFragments());
        features.Add(ProbeMemlock(capabilities));
        features.Add(new KernelFeature("btf", File.Exists("/sys/kernel/btf/vmlinux"), "/sys/kernel/btf/vmlinux", "no libxdp dispatcher: the uplink program is attached alone"));
        features.Add(new KernelFeature("bpffs", BpfFileSystem.IsMounted, BpfFileSystem.MountPoint, "mounted when the dispatcher needs it; else the uplink program is attached alone"));
        features.Add(new KernelFeature("libxdp", NativeLibrary.TryLoad("libxdp.so.1", out _), "libxdp.so.1", "no dispatcher: the uplink program is attached alone"));
        features.Add(new KernelFeature("see-foreign-programs", Has(capabilities, CAP_SYS_ADMIN), "CAP_SYS_ADMIN", "a program found on a device of ours is taken for our predecessor's, one on the uplink for someone else's"));
        features.Add(ProbeHugePages());
        return features;
    }

    private static void ProbeSocket(List<KernelFeature> features)
    {
        using var socket = new SafeFileDescriptor(LibC.socket(XskAbi.AF_XDP, LibC.SOCK_RAW | LibC.SOCK_CLOEXEC, 0));
        Errno error = socket.IsInvalid ? LibC.LastError : Errno.None;
        features.Add(new KernelFeature("af-xdp", error == Errno.None, error == Errno.None ? "socket(AF_XDP)" : $"socket(AF_XDP): {error.Describe()}", "") { IsDenied = error is Errno.EPERM or Errno.EACCES });

        bool metadata = false, budget = false, multiBuffer = false;
        if (!socket.IsInvalid)
        {
            using var memory = NativeMemoryRegion.Create(ProbeFrames * Umem.FrameSize, name: "xdp-probe");
            metadata = TryRegister(socket.Number, memory);
            uint size = 64;
            _ = LibC.setsockopt(socket.Number, XskAbi.SOL_XDP, XskAbi.XDP_TX_RING, &size, sizeof(uint)); // the budget's upper bound
            budget = LibC.setsockopt(socket.Number, XskAbi.SOL_XDP, XskAbi.XDP_MAX_TX_SKB_BUDGET, &size, sizeof(uint)) == 0;
            multiBuffer = KnowsBindFlag(socket.Number, XskAbi.XDP_USE_SG);
        }
        features.Add(new KernelFeature("multi-buffer", multiBuffer, "XDP_USE_SG, Linux 6.6", "frames up to 3.8 kB only: pods get the path MTU as device MTU"));
        features.Add(new KernelFeature("tx-metadata", metadata, "XDP_UMEM_TX_METADATA_LEN, Linux 6.8", "checksums are completed in user space"));
        features.Add(new KernelFeature("tx-budget", budget, "XDP_MAX_TX_SKB_BUDGET, Linux 6.17", "32 descriptors per system call"));
    }

    private static bool TryRegister(int fd, NativeMemoryRegion memory)
    {
        var registration = new XdpUmemReg
        {
            Address = (ulong)memory.Address,
            Length = (ulong)memory.Length,
            ChunkSize = Umem.FrameSize,
            Flags = XskAbi.XDP_UMEM_TX_METADATA_LEN,
            TxMetadataLength = XskTxMetadata.Size,
        };
        return LibC.setsockopt(fd, XskAbi.SOL_XDP, XskAbi.XDP_UMEM_REG, &registration, XdpUmemReg.Size) == 0;
    }

    /// <summary>The kernel checks flags before it looks for the device: ENODEV for a device that cannot exist means that it knows the flag.</summary>
    private static bool KnowsBindFlag(int fd, ushort flag)
    {
        var address = new SockaddrXdp { Family = XskAbi.AF_XDP, Flags = (ushort)(XskAbi.XDP_COPY | flag), Ifindex = int.MaxValue };
        return LibC.bind(fd, &address, SockaddrXdp.Size) != 0 && LibC.LastError == Errno.ENODEV;
    }

    private static KernelFeature ProbeFragments()
    {
        const string Fallback = "the device MTU must fit one page (about 3.5 kB)";
        try
        {
            using var program = XdpProgram.Load(XdpObjects.Pod, XdpObjects.PodProgram);
            return new KernelFeature("xdp-frags", program.SupportsFrags, "BPF_F_XDP_HAS_FRAGS, Linux 5.18", Fallback);
        }
        catch (XdpException e)
        {
            return new KernelFeature("xdp-frags", false, e.Message, "") { IsDenied = e.Errno == Errno.EPERM }; // no XDP program at all; the verifier's no is EACCES
        }
        catch (DllNotFoundException)
        {
            return new KernelFeature("xdp-frags", false, "libbpf.so.1 is missing; install libbpf1", "");
        }
    }

    private static KernelFeature ProbeMemlock(ulong capabilities)
    {
        Rlimit limit = default;
        _ = LibC.getrlimit(RLIMIT_MEMLOCK, &limit);
        bool unlimited = Has(capabilities, CAP_IPC_LOCK) || limit.Current == ulong.MaxValue;
        string detail = Has(capabilities, CAP_IPC_LOCK) ? "CAP_IPC_LOCK" : $"RLIMIT_MEMLOCK {(unlimited ? "unlimited" : limit.Current.ToString(CultureInfo.InvariantCulture))}";
        return new KernelFeature("memlock", unlimited, detail, "frames are limited to RLIMIT_MEMLOCK");
    }

    private static KernelFeature ProbeHugePages()
    {
        int free = 0;
        foreach (string line in Lines("/proc/meminfo"))
        {
            if (line.StartsWith("HugePages_Free:", StringComparison.Ordinal))
                _ = int.TryParse(line.AsSpan(15), CultureInfo.InvariantCulture, out free);
        }
        return new KernelFeature("huge-pages", free > 0, $"{free} reserved 2 MB pages free", "4 kB pages, transparent huge pages where the kernel grants them");
    }

    private static ulong EffectiveCapabilities()
    {
        foreach (string line in Lines("/proc/self/status"))
        {
            if (line.StartsWith("CapEff:", StringComparison.Ordinal) && ulong.TryParse(line.AsSpan(7).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong mask))
                return mask;
        }
        return 0;
    }

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static bool Has(ulong capabilities, int bit) => (capabilities & (1UL << bit)) != 0;
}
