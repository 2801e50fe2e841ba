using System.Net;
using System.Net.Sockets;
using Dataplane.Contracts;
using Dataplane.Control.Apply;
using Dataplane.Control.Cleanup;
using Dataplane.Control.Tests.Apply;
using Dataplane.Testing;
using Xdp.Interop;
using Xdp.Interop.Links;
using Xunit;
using NetworkNamespace = Xdp.Interop.Links.NetworkNamespace;

namespace Dataplane.Control.Tests.Cleanup;

/// <summary>The kill switch (F20, S11): a node on which a dataplane ended, and everything it left.</summary>
public sealed class NodeCleanupTests : IDisposable
{
    private readonly ApplySandbox? _box = Privileges.MissingForNetworkNamespaces is null ? new ApplySandbox() : null;
    private readonly string _state = Directory.CreateTempSubdirectory("dpt-state-").FullName;

    private ApplySandbox Box => _box!;

    public void Dispose()
    {
        _box?.Dispose();
        Directory.Delete(_state, recursive: true);
    }

    [RequiresRootTheory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public void F20_S11_K27_TheNodeIsAsItWasBefore(bool sharedUplink, bool dualStack)
    {
        var world = Box.AddNamespace();
        MakeUplink(world);
        string before = Snapshot();
        var pod = Box.AddNamespace();
        LeaveEverything(pod, sharedUplink, dualStack);
        LeaveNote();
        Assert.NotEqual(before, Snapshot());

        var (ok, text) = Clean(pods: true);
        Assert.True(ok, text);
        Assert.Equal(before, Snapshot());
        Assert.Empty(Directory.GetFileSystemEntries(_state));
        Assert.Contains("removed XDP program dp_uplink from up0", text, StringComparison.Ordinal);
        Assert.Contains("removed host port dp-host with its addresses and routes", text, StringComparison.Ordinal);
        Assert.Contains("of pod shop/web-0", text, StringComparison.Ordinal);
        Assert.Contains("removed notes of 1 pod(s)", text, StringComparison.Ordinal);
        Assert.Contains("removed rule 60: iif lo fwmark 0x440000/0xff0000 lookup 4978", text, StringComparison.Ordinal);
        Assert.Contains("removed reservation of ports 30000-32767,49152-65535", text, StringComparison.Ordinal);
        Assert.Equal("nothing of a dataplane was found\n", Clean(pods: true).Text);

        if (dualStack)
        {
            Assert.Contains("removed rule 60: IPv6 iif lo fwmark 0x440000/0xff0000 lookup 4978", text, StringComparison.Ordinal);
            Assert.Contains("removed setting net.ipv6.fwmark_reflect, which is 0 again", text, StringComparison.Ordinal);
        }

        // And it works: the node answers on the uplink, also at what was a node port.
        using var listener = Box.Node.Run(() => new TcpListener(IPAddress.Any, 30080));
        listener.Start();
        using var client = world.Run(() => new TcpClient("192.0.2.1", 30080));
        Assert.True(client.Connected);
    }

    [RequiresRootFact]
    public void InterfacesOfPodsWaitForASuccessorUnlessAskedOtherwise()
    {
        MakeUplink(Box.AddNamespace());
        var pod = Box.AddNamespace();
        LeaveEverything(pod, sharedUplink: false);
        LeaveNote();
        var (ok, text) = Clean(pods: false);
        Assert.True(ok, text);
        Assert.Contains("left in place: 1 interface(s) of pods, which let nothing pass until a dataplane takes them over; --pods removes them", text, StringComparison.Ordinal);
        var link = Box.Netlink.Links.Get(PodVeth.HostNameFor("shop", "web-0"));
        Assert.Equal(XdpObjects.PodProgram, Box.Node.Run(() => XdpProgram.NameOn(link.Index)));
        Assert.Equal(["c0ffee.json"], Directory.GetFiles(EndpointNotes.FolderOf(Path.Combine(_state, "control.sock"))).Select(Path.GetFileName));
    }

    [RequiresRootFact]
    public void WhatOthersMadeStays()
    {
        MakeUplink(Box.AddNamespace());
        Box.Netlink.Links.CreateVeth(new VethSpec { Name = "dp-host", PeerName = "theirs" });
        Box.Netlink.Links.CreateVeth(new VethSpec { Name = "dp0123456789a", PeerName = "theirs2" });
        using var theirs = XdpProgram.Load(XdpObjects.Host, XdpObjects.HostProgram); // any program of another name
        Box.Node.Run(() => theirs.Attach(Box.Netlink.Links.Get("up0").Index, XdpMode.Generic));
        Box.Netlink.Rules.Add(new RoutingRule { Priority = 50, Table = 4977, Protocol = RouteProtocol.Static });
        string before = Snapshot();

        var (ok, text) = Clean(pods: true);
        Assert.False(ok);
        Assert.Contains("remove dp-host", text, StringComparison.Ordinal);
        Assert.Contains("it is not a host port of a dataplane", text, StringComparison.Ordinal);
        Assert.Equal(before, Snapshot());
        Assert.Contains("dp_host", before, StringComparison.Ordinal);
    }

    [RequiresRootFact]
    public void TheCommandRefusesWhileADataplaneRunsUnlessForced()
    {
        MakeUplink(Box.AddNamespace());
        LeaveEverything(Box.AddNamespace(), sharedUplink: false);
        string path = Path.Combine(_state, "control.sock");
        using (var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            listener.Bind(new UnixDomainSocketEndPoint(path));
            listener.Listen();
            var refused = Command("cleanup", "--state-dir", _state);
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains("stop it first", refused.Error, StringComparison.Ordinal);
            Assert.NotNull(Box.Netlink.Links.Find("dp-host"));
            Assert.Equal(0, Command("cleanup", "--state-dir", _state, "--force").ExitCode);
            Assert.Null(Box.Netlink.Links.Find("dp-host"));
        }
        var again = Command("cleanup", "--state-dir", _state, "--pods"); // the socket's file is there, and nobody behind it
        Assert.Equal(0, again.ExitCode);
        Assert.Contains("of pod shop/web-0", again.Output, StringComparison.Ordinal);
        File.Delete(path);
    }

    [RequiresRootFact]
    public void K37_TheCommandRemovesKubeProxysRules()
    {
        ApplySandbox.Exec(Box.Node, "nft", "add", "table", "ip", "kube-proxy");
        var result = Command("cleanup", "kube-proxy");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Contains("removed nft: table ip kube-proxy", result.Output, StringComparison.Ordinal);
        result = Command("cleanup", "kube-proxy");
        Assert.Equal((0, "nothing of kube-proxy was found\n"), (result.ExitCode, result.Output));
    }

    [Theory]
    [InlineData("cleanup", "flannel")]
    [InlineData("cleanup", "--host-port")]
    [InlineData("cleanup", "kube-proxy", "--pods")]
    public void WhatIsNotUnderstoodChangesNothing(params string[] arguments)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        Assert.Equal(2, CleanupCommand.Run(arguments[1..], output, error));
        Assert.Contains("usage: dataplane cleanup", error.ToString(), StringComparison.Ordinal);
        Assert.Equal("", output.ToString());
    }

    private CommandResult Command(params string[] arguments) => Testing.Command.Try(
        TimeSpan.FromSeconds(60), "nsenter", ["--net=" + Box.Node.Path, "dotnet", typeof(CleanupCommand).Assembly.Location, .. arguments]);

    private (bool Ok, string Text) Clean(bool pods)
    {
        var output = new StringWriter();
        bool ok = Box.Node.Run(() => new NodeCleanup(output, "dp-host", _state, pods).Run());
        return (ok, output.ToString());
    }

    private void MakeUplink(NetworkNamespace world)
    {
        Box.Netlink.Links.CreateVeth(new VethSpec { Name = "up0", PeerName = "eth0", PeerNamespace = world });
        ApplySandbox.Exec(Box.Node, "ip", "addr", "add", "192.0.2.1/24", "dev", "up0");
        ApplySandbox.Exec(Box.Node, "ip", "link", "set", "up0", "up");
        ApplySandbox.Exec(world, "ip", "addr", "add", "192.0.2.9/24", "dev", "eth0");
        ApplySandbox.Exec(world, "ip", "link", "set", "eth0", "up");
        // The kernel hears of the carrier a moment later, and the snapshots have it.
        Assert.True(SpinWait.SpinUntil(() => !ApplySandbox.Exec(Box.Node, "ip", "route").Contains("linkdown", StringComparison.Ordinal), TimeSpan.FromSeconds(5)));
    }

    /// <summary>What a running dataplane makes, and leaves when it is killed: all objects are let go, nothing is detached.</summary>
    private void LeaveEverything(NetworkNamespace pod, bool sharedUplink, bool dualStack = false) => Box.Node.Run(() =>
    {
        var host = HostVeth.Create(HostPortBed.VethSpec(dualStack));
        using var programs = XdpProgram.Load(XdpObjects.Host, XdpObjects.HostProgram);
        programs.Attach(host.PortIndex, XdpMode.Generic);
        host.Activate();
        new HostFrontends("dp-host", _state).Apply(HostPortBed.Spec, dualStack ? HostPortBed.SpecV6 : null);
        using var uplink = XdpProgram.Load(XdpObjects.Uplink, XdpObjects.UplinkProgram);
        uplink.Attach(Box.Netlink.Links.Get("up0").Index, XdpMode.Generic, sharedUplink);
        using var veth = PodVeth.Create(new PodVethSpec
        {
            HostName = PodVeth.HostNameFor("shop", "web-0"), PodNamespacePath = pod.Path, PodInterface = "eth0", Address = IPAddress.Parse("10.244.1.7"), Gateway = HostPortBed.Gateway,
            AddressV6 = dualStack ? IPAddress.Parse("fd00:10:244:1::7") : null, GatewayV6 = HostPortBed.GatewayV6, RouteMtu = 1450, Alias = "shop/web-0",
        });
        using var podProgram = XdpProgram.Load(XdpObjects.Pod, XdpObjects.PodProgram);
        podProgram.Attach(veth.HostIndex, XdpMode.Generic);
        veth.Activate();
    });

    // Without addresses of IPv6 on the uplink and their routes, which come by themselves some time after the link.
    private void LeaveNote()
    {
        string folder = Directory.CreateDirectory(EndpointNotes.FolderOf(Path.Combine(_state, "control.sock"))).FullName;
        File.WriteAllText(Path.Combine(folder, "c0ffee" + EndpointNotes.Extension), "{}");
    }

    private string Snapshot() => string.Join('\n', [
        ApplySandbox.Exec(Box.Node, "ip", "-d", "rule"), ApplySandbox.Exec(Box.Node, "ip", "-6", "-d", "rule"),
        Sorted(string.Join('\n', ApplySandbox.Exec(Box.Node, "ip", "-6", "route", "show", "table", "all").Split('\n').Where(route => !route.Contains("dev up0", StringComparison.Ordinal)))), Sorted(ApplySandbox.Exec(Box.Node, "ip", "-4", "route", "show", "table", "all")), Sorted(ApplySandbox.Exec(Box.Node, "ip", "-4", "neigh", "show", "nud", "permanent")),
        ApplySandbox.Exec(Box.Node, "ip", "-4", "-br", "addr"), ApplySandbox.Exec(Box.Node, "ip", "-br", "-d", "link"), Programs(),
        ApplySandbox.Exec(Box.Node, "sysctl", "-a", "-r", "^net.ipv[46].(conf.(all|default|lo|up0)|ip_|tcp_|udp_|fwmark|route)")]);

    private string Programs() => Box.Node.Run(() => string.Join('\n', Box.Netlink.Links.List().Where(link => link.XdpProgramId != 0).Select(link => $"{link.Name} {XdpProgram.NameOn(link.Index)}")));

    private static string Sorted(string lines) => string.Join('\n', lines.Split('\n').Select(line => line.Trim()).Order(StringComparer.Ordinal));
}
