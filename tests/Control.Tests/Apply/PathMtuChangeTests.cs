using Dataplane.Control.Apply;
using Microsoft.Extensions.Logging.Abstractions;
using Xdp.Interop;
using Xunit;

namespace Dataplane.Control.Tests.Apply;

/// <summary>A new MTU reaches everybody who sends, if not at once.</summary>
public sealed class PathMtuChangeTests
{
    private readonly PathMtuChange _change = new(NullLogger.Instance);
    private readonly Dictionary<string, int> _mtus = [];
    private readonly HashSet<string> _failing = [];

    [Fact]
    public void F15_WhoseMtuCouldNotBeSetIsTriedAgainUntilItIs()
    {
        _failing.Add("b");
        _change.Apply(1400, Senders("a", "b", "c"));
        Assert.Equal(["a 1400", "c 1400"], Mtus());
        Assert.Empty(_change.Retry(1400, Senders("a", "b", "c")));
        _failing.Clear();
        _mtus.Clear();
        Assert.Equal(["MTU 1400 of b"], _change.Retry(1400, Senders("a", "b", "c")));
        Assert.Equal(["b 1400"], Mtus()); // nobody else once more
        Assert.Empty(_change.Retry(1400, Senders("a", "b", "c")));
    }

    [Fact]
    public void F15_AnotherChangeIsForAll()
    {
        _failing.Add("b");
        _change.Apply(1400, Senders("a", "b"));
        _failing.Clear();
        _change.Apply(1300, Senders("a", "b"));
        Assert.Equal(["a 1300", "b 1300"], Mtus());
        Assert.Empty(_change.Retry(1300, Senders("a", "b")));
    }

    /// <summary>A pod of the same name that comes later has the MTU from the start.</summary>
    [Fact]
    public void WhoHasGoneIsForgotten()
    {
        _failing.Add("b");
        _change.Apply(1400, Senders("a", "b"));
        Assert.Empty(_change.Retry(1400, Senders("a")));
        _failing.Clear();
        Assert.Empty(_change.Retry(1400, Senders("a", "b")));
    }

    private IEnumerable<(string, Action<int>)> Senders(params string[] names) => names.Select(name => (name, new Action<int>(mtu =>
    {
        if (_failing.Contains(name)) throw new XdpException($"set MTU of {name}", Errno.ENODEV);
        _mtus[name] = mtu;
    })));

    private IEnumerable<string> Mtus() => _mtus.Select(pair => $"{pair.Key} {pair.Value}").Order(StringComparer.Ordinal);
}
