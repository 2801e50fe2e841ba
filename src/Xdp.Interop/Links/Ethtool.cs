using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Xdp.Interop.Links.Native;

namespace Xdp.Interop.Links;

/// <summary>
/// Driver, queues and offloads of interfaces (SIOCETHTOOL). Belongs to the namespace it was opened in, whatever thread uses it. Thread-safe.
/// All methods throw <see cref="XdpException"/>; ENODEV when there is no such interface.
/// </summary>
public sealed class Ethtool : IDisposable
{
    private readonly SafeFileHandle _socket;

    private Ethtool(SafeFileHandle socket) => _socket = socket;

    /// <summary>Opens it in the calling thread's namespace.</summary>
    public static Ethtool Open()
    {
        var socket = LinksLibC.Socket(LinksLibC.AF_INET, LinksLibC.SOCK_DGRAM, 0);
        return socket.IsInvalid ? throw new XdpException("socket(AF_INET) for ethtool", ErrnoExtensions.Last()) : new Ethtool(socket);
    }

    /// <summary>Opens it in <paramref name="ns"/>; the namespace object may be disposed afterwards.</summary>
    public static Ethtool Open(NetworkNamespace ns)
    {
        ArgumentNullException.ThrowIfNull(ns);
        return ns.Run(Open);
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>Who drives the interface.</summary>
    public unsafe EthtoolDriver GetDriver(string name)
    {
        var info = new EthtoolDrvInfo { Command = EthtoolAbi.ETHTOOL_GDRVINFO };
        Call(name, &info, "ETHTOOL_GDRVINFO");
        return new EthtoolDriver(Text(info.Driver), Text(info.Version), Text(info.FirmwareVersion), Text(info.BusInfo));
    }

    /// <summary>Queues, or null when the driver does not report them.</summary>
    public unsafe ChannelCounts? GetChannels(string name)
    {
        var channels = new EthtoolChannels { Command = EthtoolAbi.ETHTOOL_GCHANNELS };
        if (!TryCall(name, &channels, "ETHTOOL_GCHANNELS")) return null;
        return new ChannelCounts
        {
            Rx = (int)channels.Rx,
            Tx = (int)channels.Tx,
            Combined = (int)channels.Combined,
            MaxRx = (int)channels.MaxRx,
            MaxTx = (int)channels.MaxTx,
            MaxCombined = (int)channels.MaxCombined,
        };
    }

    /// <summary>Descriptor rings, or null when the driver does not report them.</summary>
    public unsafe RingSizes? GetRings(string name)
    {
        var rings = new EthtoolRingParam { Command = EthtoolAbi.ETHTOOL_GRINGPARAM };
        return TryCall(name, &rings, "ETHTOOL_GRINGPARAM") ? new RingSizes((int)rings.Rx, (int)rings.Tx, (int)rings.RxMax, (int)rings.TxMax) : null;
    }

    /// <summary>All offloads by name, as `ethtool -k` lists them.</summary>
    public IReadOnlyDictionary<string, EthtoolFeature> GetFeatures(string name)
    {
        var names = FeatureNames(name);
        var blocks = GetFeatureBlocks(name, names.Length);
        var features = new Dictionary<string, EthtoolFeature>(names.Length, StringComparer.Ordinal);
        for (var i = 0; i < names.Length; i++)
        {
            if (names[i].Length == 0) continue;
            var block = blocks[i / 32];
            var bit = 1u << (i % 32);
            features[names[i]] = new EthtoolFeature(
                (block.Active & bit) != 0, (block.Requested & bit) != 0, (block.Available & bit) != 0 && (block.NeverChanged & bit) == 0);
        }

        return features;
    }

    /// <summary>Turns offloads on or off and reports the ones that are not as wanted afterwards: fixed, or held by another one.</summary>
    /// <returns>The names that are not as wanted; a name this kernel does not know counts as off. Empty when all went well.</returns>
    public unsafe IReadOnlyList<string> SetFeatures(string name, IReadOnlyDictionary<string, bool> wanted)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        var names = FeatureNames(name);
        var blocks = GetFeatureBlocks(name, names.Length);
        var count = blocks.Length;
        // struct ethtool_sfeatures: command, number of blocks, blocks.
        var buffer = new byte[8 + (count * EthtoolSetFeaturesBlock.Size)];
        MemoryMarshal.Cast<byte, uint>(buffer.AsSpan())[0] = EthtoolAbi.ETHTOOL_SFEATURES;
        MemoryMarshal.Cast<byte, uint>(buffer.AsSpan())[1] = (uint)count;
        var set = MemoryMarshal.Cast<byte, EthtoolSetFeaturesBlock>(buffer.AsSpan(8));
        var any = false;
        for (var i = 0; i < names.Length; i++)
        {
            if (names[i].Length == 0 || !wanted.TryGetValue(names[i], out var on)) continue;
            var bit = 1u << (i % 32);
            // A fixed feature in the request would only make the kernel answer that it ignored it.
            if ((blocks[i / 32].Available & bit) == 0) continue;
            any = true;
            set[i / 32].Valid |= bit;
            if (on) set[i / 32].Requested |= bit;
        }

        fixed (byte* bytes = buffer)
            if (any) Call(name, bytes, "ETHTOOL_SFEATURES");

        var after = GetFeatures(name);
        return [.. wanted.Where(w => (after.TryGetValue(w.Key, out var now) && now.Active) != w.Value).Select(w => w.Key)];
    }

    /// <summary>Turns offloads off; see <see cref="SetFeatures"/>.</summary>
    public IReadOnlyList<string> Disable(string name, params IEnumerable<string> features) =>
        SetFeatures(name, features.ToDictionary(f => f, _ => false, StringComparer.Ordinal));

    private static unsafe string Text(byte* field) =>
        Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(field) is { Length: <= 32 } text ? text : new ReadOnlySpan<byte>(field, 32));

    private unsafe string[] FeatureNames(string name)
    {
        // struct ethtool_sset_info with one data word: command, reserved, mask (64 bits), count.
        Span<uint> info = [EthtoolAbi.ETHTOOL_GSSET_INFO, 0, 1u << (int)EthtoolAbi.ETH_SS_FEATURES, 0, 0];
        fixed (uint* words = info) Call(name, words, "ETHTOOL_GSSET_INFO");
        var count = (int)info[4];

        // struct ethtool_gstrings: command, set, length, then 32 bytes per name.
        var buffer = new byte[12 + (count * EthtoolAbi.ETH_GSTRING_LEN)];
        var head = MemoryMarshal.Cast<byte, uint>(buffer.AsSpan(0, 12));
        head[0] = EthtoolAbi.ETHTOOL_GSTRINGS;
        head[1] = EthtoolAbi.ETH_SS_FEATURES;
        head[2] = (uint)count;
        fixed (byte* bytes = buffer) Call(name, bytes, "ETHTOOL_GSTRINGS");

        var names = new string[count];
        for (var i = 0; i < count; i++)
        {
            var text = buffer.AsSpan(12 + (i * EthtoolAbi.ETH_GSTRING_LEN), EthtoolAbi.ETH_GSTRING_LEN);
            var end = text.IndexOf((byte)0);
            names[i] = Encoding.UTF8.GetString(end < 0 ? text : text[..end]);
        }

        return names;
    }

    private unsafe EthtoolGetFeaturesBlock[] GetFeatureBlocks(string name, int features)
    {
        var count = (features + 31) / 32;
        var buffer = new byte[8 + (count * EthtoolGetFeaturesBlock.Size)];
        MemoryMarshal.Cast<byte, uint>(buffer.AsSpan())[0] = EthtoolAbi.ETHTOOL_GFEATURES;
        MemoryMarshal.Cast<byte, uint>(buffer.AsSpan())[1] = (uint)count;
        fixed (byte* bytes = buffer) Call(name, bytes, "ETHTOOL_GFEATURES");
        return MemoryMarshal.Cast<byte, EthtoolGetFeaturesBlock>(buffer.AsSpan(8)).ToArray();
    }

    private unsafe void Call(string name, void* command, string what)
    {
        if (!TryCall(name, command, what))
            throw new XdpException($"ioctl(SIOCETHTOOL, {name}, {what})", Errno.EOPNOTSUPP, "the driver does not offer this");
    }

    /// <summary>False when the driver does not support the command; other errors throw.</summary>
    private unsafe bool TryCall(string name, void* command, string what)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var request = new IfReqData { Data = command };
        if (Encoding.UTF8.GetByteCount(name) >= EthtoolAbi.IFNAMSIZ) throw new ArgumentException($"interface name {name} is longer than 15 bytes", nameof(name));
        Encoding.UTF8.GetBytes(name, new Span<byte>(request.Name, EthtoolAbi.IFNAMSIZ));
        if (LinksLibC.ioctl(_socket, LinksLibC.SIOCETHTOOL, &request) >= 0) return true;
        var errno = ErrnoExtensions.Last();
        if (errno == Errno.EOPNOTSUPP) return false;
        throw new XdpException($"ioctl(SIOCETHTOOL, {name}, {what})", errno, errno switch
        {
            Errno.ENODEV => "no such interface in this network namespace",
            Errno.EPERM => "needs CAP_NET_ADMIN",
            _ => null,
        });
    }
}
