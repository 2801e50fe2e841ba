using Dataplane.Testing;

namespace Dataplane.Netns.Tests.Services;

/// <summary>tcpdump in a namespace, from its making until it is asked.</summary>
internal sealed class Sniffer : IDisposable
{
    private readonly BackgroundProcess _tcpdump;

    /// <summary>Returns when tcpdump listens.</summary>
    /// <param name="net">Where.</param>
    /// <param name="device">Interface.</param>
    /// <param name="filter">What to see, as tcpdump takes it.</param>
    public Sniffer(NetworkNamespace net, string device, string filter)
    {
        _tcpdump = net.Start("tcpdump", "-i", device, "-nn", "-l", "--immediate-mode", filter);
        _tcpdump.WaitForOutput("listening on", TimeSpan.FromSeconds(10));
    }

    /// <summary>Packets so far, a line each.</summary>
    public IReadOnlyList<string> Packets => [.. _tcpdump.Output.Split('\n').Where(line => line.Contains(" IP ", StringComparison.Ordinal))];

    /// <summary>Waits until a packet's line contains a text.</summary>
    public void WaitFor(string text) => _tcpdump.WaitUntil(() => Packets.Any(packet => packet.Contains(text, StringComparison.Ordinal)), $"show \"{text}\"", TimeSpan.FromSeconds(10));

    /// <inheritdoc />
    public void Dispose() => _tcpdump.Dispose();
}
