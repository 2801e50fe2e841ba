namespace Xdp.Interop.Native;

/// <summary>
/// Numbers of linux/if_xdp.h. Distribution headers lag behind the running kernel, so the newer ones are
/// written here with the version that brought them.
/// </summary>
internal static class XskAbi
{
    public const int AF_XDP = 44;
    public const int SOL_XDP = 283;

    public const int XDP_MMAP_OFFSETS = 1;
    public const int XDP_RX_RING = 2;
    public const int XDP_TX_RING = 3;
    public const int XDP_UMEM_REG = 4;
    public const int XDP_UMEM_FILL_RING = 5;
    public const int XDP_UMEM_COMPLETION_RING = 6;
    public const int XDP_STATISTICS = 7;
    public const int XDP_OPTIONS = 8;
    public const int XDP_MAX_TX_SKB_BUDGET = 9;             // Linux 6.17

    public const ushort XDP_COPY = 1 << 1;
    public const ushort XDP_ZEROCOPY = 1 << 2;
    public const ushort XDP_USE_NEED_WAKEUP = 1 << 3;
    public const ushort XDP_USE_SG = 1 << 4;                // Linux 6.6

    public const uint XDP_UMEM_TX_METADATA_LEN = 1 << 2;    // Linux 6.8
    public const uint XDP_OPTIONS_ZEROCOPY = 1 << 0;
    public const uint XDP_RING_NEED_WAKEUP = 1 << 0;

    public const uint XDP_PKT_CONTD = 1 << 0;               // Linux 6.6
    public const uint XDP_TX_METADATA = 1 << 1;             // Linux 6.8
    public const ulong XDP_TXMD_FLAGS_CHECKSUM = 1 << 1;    // Linux 6.8

    public const long XDP_PGOFF_RX_RING = 0;
    public const long XDP_PGOFF_TX_RING = 0x80000000;
    public const long XDP_UMEM_PGOFF_FILL_RING = 0x100000000;
    public const long XDP_UMEM_PGOFF_COMPLETION_RING = 0x180000000;

    /// <summary>Smallest budget the kernel accepts, and what it uses when nobody sets one.</summary>
    public const uint DefaultTxSkbBudget = 32;
}
