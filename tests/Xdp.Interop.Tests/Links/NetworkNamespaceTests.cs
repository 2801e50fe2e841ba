using Dataplane.Testing;
using Xunit;
using NetworkNamespace = Xdp.Interop.Links.NetworkNamespace;

namespace Xdp.Interop.Tests.Links;

public class NetworkNamespaceTests
{
    [Fact]
    public void CurrentHasTheInodeThatProcShows()
    {
        using var current = NetworkNamespace.Current();
        Assert.Equal($"net:[{current.Id}]", new FileInfo("/proc/self/ns/net").LinkTarget);
    }

    [Fact]
    public void TwoDescriptorsOfOneNamespaceAreEqual()
    {
        using var a = NetworkNamespace.Current();
        using var b = NetworkNamespace.Open("/proc/self/ns/net");
        Assert.Equal(a, b);
        Assert.Equal(a.GetHashCode(), b.GetHashCode());
    }

    [Fact]
    public void OpenNamesThePathThatIsMissing()
    {
        var e = Assert.Throws<XdpException>(() => NetworkNamespace.Open("/run/netns/no-such-namespace"));
        Assert.Equal(Errno.ENOENT, e.Errno);
        Assert.Contains("/run/netns/no-such-namespace", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/etc/hostname")]
    [InlineData("/proc/self/ns/mnt")]
    public void OpenRefusesAFileThatIsNotANetworkNamespace(string path)
    {
        var e = Assert.Throws<XdpException>(() => NetworkNamespace.Open(path));
        Assert.Contains("not a network namespace", e.Message, StringComparison.Ordinal);
    }

    [RequiresRootFact]
    public void RunIsInsideAndTheCallerStaysOutside()
    {
        using var before = NetworkNamespace.Current();
        using var ns = NetworkNamespace.CreateAnonymous();
        Assert.NotEqual(before, ns);

        var inside = ns.Run(() =>
        {
            using var current = NetworkNamespace.Current();
            return current.Id;
        });

        Assert.Equal(ns.Id, inside);
        using var after = NetworkNamespace.Current();
        Assert.Equal(before, after);
    }

    [RequiresRootFact]
    public async Task NoThreadOfThePoolEverSeesAChangedNamespace()
    {
        using var home = NetworkNamespace.Current();
        using var ns = NetworkNamespace.CreateAnonymous();
        var runs = Enumerable.Range(0, 32).Select(i => Task.Run(() =>
        {
            if (i % 2 == 0)
                Assert.Throws<InvalidOperationException>(() => ns.Run(() => throw new InvalidOperationException("from inside")));
            else
                ns.Run(() => Thread.Sleep(1));
        }));
        await Task.WhenAll(runs);

        var seen = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(() =>
        {
            Thread.Sleep(2); // spreads over the threads of the pool
            using var current = NetworkNamespace.Current();
            return current.Id;
        })));
        Assert.All(seen, id => Assert.Equal(home.Id, id));
    }

    [RequiresRootFact]
    public void AnExceptionKeepsItsTypeAndMessage()
    {
        using var ns = NetworkNamespace.CreateAnonymous();
        var e = Assert.Throws<InvalidOperationException>(() => ns.Run<int>(() => throw new InvalidOperationException("from inside")));
        Assert.Equal("from inside", e.Message);
    }

    [RequiresRootFact]
    public void ThePathCanBeEnteredByOtherProcesses()
    {
        using var ns = NetworkNamespace.CreateAnonymous();
        Assert.Equal($"net:[{ns.Id}]", Sandbox.Exec(ns, "readlink /proc/self/ns/net"));
    }
}
