using Dataplane.Control.Options;
using Microsoft.Extensions.Logging;
using Xdp.Interop;

namespace Dataplane.Control.Apply;

/// <summary>MTUs of a node, bytes. That of pods' routes follows the uplink's. For one control thread at a time; who reads may be any.</summary>
internal sealed class NodeMtu
{
    private readonly DataplaneOptions _options;
    private readonly ILogger _log;
    private readonly PathMtuChange _change;
    private int _path;

    /// <param name="options">The node's.</param>
    /// <param name="features">What the kernel offers.</param>
    /// <param name="uplinkMtu">The uplink's; null without one.</param>
    /// <param name="log">For changes.</param>
    /// <exception cref="XdpException">IPv6 cannot be carried in so little.</exception>
    public NodeMtu(DataplaneOptions options, IReadOnlyList<KernelFeature> features, int? uplinkMtu, ILogger log)
    {
        (_options, _log, _change) = (options, log, new PathMtuChange(log));
        _path = RuntimeSettings.PathMtu(options, uplinkMtu);
        Device = features.Any(f => f is { Name: "multi-buffer", Available: false }) ? _path : 65535;
    }

    /// <summary>Of pods' routes.</summary>
    public int Path => Volatile.Read(ref _path);

    /// <summary>Of our veths: room for super-packets where the kernel can receive one over several frames, else what fits one.</summary>
    public int Device { get; }

    /// <summary>Follows the uplink's.</summary>
    /// <param name="uplink">The uplink; null without one.</param>
    /// <param name="senders">Who is to know.</param>
    public void Follow(Uplink? uplink, IEnumerable<(string Who, Action<int> Set)> senders)
    {
        int mtu = Math.Min(RuntimeSettings.PathMtuOrLeast(_options, uplink?.Mtu), Device);
        if (mtu == _path) return;
        _log.LogWarning("MTU of uplink {Uplink} is {UplinkMtu} now, that of pods {Mtu}", uplink?.Name, uplink?.Mtu, mtu);
        Volatile.Write(ref _path, mtu);
        _change.Apply(mtu, senders);
    }

    /// <inheritdoc cref="PathMtuChange.Retry"/>
    public IReadOnlyList<string> Retry(IEnumerable<(string Who, Action<int> Set)> senders) => _change.Retry(_path, senders);
}
