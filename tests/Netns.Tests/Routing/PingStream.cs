using System.Globalization;
using System.Text.RegularExpressions;
using Dataplane.Testing;
using Xunit;

namespace Dataplane.Netns.Tests.Routing;

/// <summary>A hundred pings a second between two pods that must all be answered, whatever happens to others.</summary>
internal sealed partial class PingStream(NetworkNamespace from, string to) : IDisposable
{
    private readonly BackgroundProcess _ping = from.Start("ping", "-i", "0.01", to);

    /// <summary>Ends it; fails unless it was more than a few, and every one was answered but those that are on their way at the end.</summary>
    internal void EndWithoutLoss(int atLeast)
    {
        _ping.Signal("INT");
        _ping.WaitForExit(TimeSpan.FromSeconds(5));
        var answered = Sequence().Matches(_ping.Output).Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)).ToHashSet();
        Assert.True(answered.Count >= atLeast, $"{answered.Count} answers\n{_ping.Output[..Math.Min(2000, _ping.Output.Length)]}");
        Assert.Equal(Enumerable.Range(1, answered.Max()), answered.Order());
    }

    public void Dispose() => _ping.Dispose();

    [GeneratedRegex(@"icmp_seq=(\d+) ttl=")]
    private static partial Regex Sequence();
}
