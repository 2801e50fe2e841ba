using Dataplane.Contracts;
using Dataplane.Contracts.V1;
using Dataplane.Control.Apply;
using Xunit;

namespace Dataplane.Control.Tests.Apply;

public sealed class EndpointRecordsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("endpoint-records").FullName;
    private readonly List<string> _unreadable = [];

    private string Socket => Path.Combine(_folder, "control.sock");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void TheNextProcessReadsWhatWasKept_FieldByField()
    {
        var web = Request("shop", "web-0");
        var other = Request("shop", "web-1");
        var records = new EndpointRecords(Socket);
        records.Keep(web);
        records.Keep(other);
        Assert.Equal([web, other], Read().OrderBy(r => r.Pod, StringComparer.Ordinal));
    }

    [Fact]
    public void APodThatIsKeptAgainIsKeptOnce_AsItIsNow()
    {
        var records = new EndpointRecords(Socket);
        records.Keep(Request("shop", "web-0"));
        var now = Request("shop", "web-0");
        now.Netns = "/run/netns/another";
        records.Keep(now);
        Assert.Equal([now], Read());
    }

    [Fact]
    public void AForgottenPodIsGone_AndForgettingNobodyIsNoError()
    {
        var records = new EndpointRecords(Socket);
        records.Forget("shop", "web-0", "shop-web-0");
        records.Keep(Request("shop", "web-0"));
        records.Forget("shop", "web-0", "shop-web-0");
        records.Forget("shop", "web-0", "shop-web-0");
        Assert.Empty(Read());
    }

    [Theory]
    [InlineData("")]
    [InlineData("../../outside")]
    [InlineData("..")]
    public void WhoHasNoContainerIdThatIsAFileName_IsKnownByThePod(string containerId)
    {
        var records = new EndpointRecords(Socket);
        records.Keep(Request("a", "b.c", containerId));
        records.Keep(Request("a.b", "c", containerId));
        Assert.Equal(2, Directory.GetFiles(EndpointNotes.FolderOf(Socket)).Length);
        records.Forget("a", "b.c", containerId);
        Assert.Equal([Request("a.b", "c", containerId)], Read());
    }

    [Fact]
    public void TheNoteOfAContainerIsWhereThePluginLooksForIt()
    {
        new EndpointRecords(Socket).Keep(Request("shop", "web-0"));
        File.Delete(EndpointNotes.PathOf(Socket, "shop-web-0"));
        Assert.Empty(Read());
    }

    [Fact]
    public void WhatIsNoNoteOfAPodIsNamed_AndTheOthersAreRead()
    {
        new EndpointRecords(Socket).Keep(Request("shop", "web-0"));
        string half = Path.Combine(EndpointNotes.FolderOf(Socket), "dp0.json");
        File.WriteAllText(half, """{"namespace": "shop", """);
        File.WriteAllText(Path.Combine(EndpointNotes.FolderOf(Socket), "dp1.json.new"), "left by a process that was killed while it wrote");
        Assert.Equal([Request("shop", "web-0")], Read());
        Assert.Equal([half], _unreadable);
    }

    [Fact]
    public void AStateDirectoryThatIsNotThereHasNobody()
    {
        Assert.Empty(new EndpointRecords(Path.Combine(_folder, "not-there", "control.sock")).Read((path, _) => _unreadable.Add(path)));
        Assert.Empty(_unreadable);
    }

    private List<AttachEndpointRequest> Read() => new EndpointRecords(Socket).Read((path, _) => _unreadable.Add(path));

    private static AttachEndpointRequest Request(string podNamespace, string pod, string? containerId = null) => new()
    {
        Namespace = podNamespace, Pod = pod, Netns = $"/run/netns/{pod}", Interface = "eth0", ContainerId = containerId ?? $"{podNamespace}-{pod}", Uid = "u1", Addresses = { "10.244.1.7", "fd00::7" },
    };
}
