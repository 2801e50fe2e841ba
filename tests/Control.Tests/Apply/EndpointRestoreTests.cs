using Dataplane.Contracts.V1;
using Dataplane.Control.Apply;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Dataplane.Control.Tests.Apply;

public sealed class EndpointRestoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("endpoint-restore").FullName;
    private readonly List<string> _attached = [];
    private readonly HashSet<string> _devices = [];
    private readonly Dictionary<string, Exception> _refused = [];
    private readonly EndpointRecords _records;
    private readonly EndpointRestore _restore;

    public EndpointRestoreTests()
    {
        _records = new EndpointRecords(Path.Combine(_folder, "control.sock"));
        _restore = new EndpointRestore(_records, Attach, _devices.Contains, NullLogger.Instance);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void PodsWhoseNamespaceIsThereAreAttached_AndNotesOfOthersAreForgotten()
    {
        Note("lives");
        Note("ended", netns: "gone");
        _restore.Run();
        Assert.Equal(["shop/lives"], _attached);
        Assert.Equal(["lives"], Noted());
        Assert.Empty(_restore.Problems);
    }

    [Fact]
    public void APodWhoseNamespaceCannotBeSeenButWhoseDeviceIsThere_IsTriedAndKept()
    {
        // As with a mount that is missing: nothing says that the pod has ended.
        Note("hidden", netns: "not-mounted");
        _devices.Add(PodVeth.HostNameFor("shop", "hidden"));
        _refused["shop/hidden"] = new InvalidOperationException("no such namespace");
        _restore.Run();
        Assert.Equal(["hidden"], Noted());
        Assert.StartsWith("pod shop/hidden is cut off since the dataplane was replaced: no such namespace; ", Assert.Single(_restore.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void WhateverIsWrongWithOnePod_TheOthersAreAttached_AndItIsTriedAgain()
    {
        Note("a");
        Note("b");
        _refused["shop/a"] = new IOException("no space left on device");
        _restore.Run();
        Assert.Equal(["shop/b"], _attached);
        Assert.Empty(_restore.Retry());
        Assert.Single(_restore.Problems);
        _refused.Clear();
        Assert.Equal(["pod shop/a, which had been cut off"], _restore.Retry());
        Assert.Equal(["shop/b", "shop/a"], _attached);
        Assert.Empty(_restore.Problems);
        Assert.Equal(["a", "b"], Noted());
        Assert.Empty(_restore.Retry());
    }

    [Theory]
    [InlineData("", "", true)]
    [InlineData("container-a", "eth0", true)]
    [InlineData("container-b", "eth0", false)]
    [InlineData("container-a", "net1", false)]
    public void APodThatIsCutOffIsForgotten_ByItsOwnContainerAndInterfaceOnly(string containerId, string @interface, bool forgotten)
    {
        Note("a");
        _refused["shop/a"] = new IOException("x");
        _restore.Run();
        Assert.Equal(forgotten, _restore.Forget("shop/a", containerId, @interface));
        Assert.Equal(forgotten ? 0 : 1, _restore.Problems.Count);
        Assert.Equal(forgotten ? [] : ["a"], Noted());
    }

    [Fact]
    public void APodThatEndsWhileItIsCutOffIsNoProblemAnyMore()
    {
        string netns = Note("a");
        _refused["shop/a"] = new IOException("x");
        _restore.Run();
        File.Delete(netns);
        Assert.Empty(_restore.Retry());
        Assert.Empty(_restore.Problems);
        Assert.Empty(Noted());
    }

    private void Attach(AttachEndpointRequest request)
    {
        if (_refused.TryGetValue($"{request.Namespace}/{request.Pod}", out var refusal)) throw refusal;
        _attached.Add($"{request.Namespace}/{request.Pod}");
    }

    private string Note(string pod, string? netns = null)
    {
        string path = Path.Combine(_folder, netns ?? $"netns-{pod}");
        if (netns is null) File.WriteAllText(path, "");
        _records.Keep(new AttachEndpointRequest { Namespace = "shop", Pod = pod, Netns = path, Interface = "eth0", ContainerId = $"container-{pod}", Addresses = { "10.244.1.7" } });
        return path;
    }

    private IEnumerable<string> Noted() => _records.Read((_, _) => Assert.Fail("unreadable")).Select(r => r.Pod);
}
