using System.Net;
using System.Net.Sockets;
using Dataplane.Contracts;
using Dataplane.Contracts.Grpc;
using Dataplane.Contracts.V1;
using Dataplane.Control.Cleanup;
using Dataplane.Control.Tests.Apply;
using Dataplane.Testing;
using Xdp.Interop.Links;
using Xunit;

namespace Dataplane.Control.Tests;

/// <summary><c>dataplane run</c> as a process in a namespace of its own: what it does to a node on which it cannot start, and what becomes of one where it runs.</summary>
public sealed class StartTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ApplySandbox? _box = Privileges.MissingForNetworkNamespaces is null ? new ApplySandbox() : null;
    private readonly string _state = Directory.CreateTempSubdirectory("dpt-start-").FullName;

    private ApplySandbox Box => _box!;

    private string Socket => Path.Combine(_state, "elsewhere.sock");

    public void Dispose()
    {
        _box?.Dispose();
        Directory.Delete(_state, recursive: true);
    }

    [RequiresRootTheory]
    [InlineData(2, "host-port 'up0': is the uplink; choose another name", "--host-port", "up0")]
    [InlineData(2, "host-port 'v0': v0 is not a host port of a dataplane", "--host-port", "v0")]
    [InlineData(2, "uplink 'nope': there is no such interface", "--uplink", "nope")]
    [InlineData(2, "external-interfaces 'nope0': there is no such interface", "--external-interfaces", "nope0")]
    [InlineData(2, "uplink 'lo': is the loopback device", "--uplink", "lo")]
    [InlineData(2, "worker-cpus '1023': this machine has CPUs ", "--worker-cpus", "1023")]
    [InlineData(2, "state-dir '/proc/x': cannot be written", "--state-dir", "/proc/x")]
    [InlineData(1, "metrics-listen 192.0.2.1:9962: Address already in use; choose another address", "--metrics-listen", "192.0.2.1:9962")]
    public void WhatCannotStartLeavesTheNodeAsItIs(int exitCode, string expected, params string[] flags)
    {
        MakeUplink();
        Box.Netlink.Links.CreateVeth(new VethSpec { Name = "v0", PeerName = "v1" });
        using var taken = Box.Node.Run(() => new TcpListener(IPAddress.Parse("192.0.2.1"), 9962));
        taken.Start();
        string before = Snapshot();
        var result = Command.Try(Patience, "nsenter", Run(flags));
        Assert.StartsWith($"dataplane: {expected}", result.Error, StringComparison.Ordinal);
        Assert.Equal(exitCode, result.ExitCode);
        Assert.Equal(before, Snapshot());
    }

    [RequiresRootFact]
    public void AStartThatFailsHalfWayUndoesWhatItMade()
    {
        MakeUplink();
        ApplySandbox.Exec(Box.Node, "ip", "route", "add", "10.244.0.0/16", "dev", "up0"); // which the host port must not replace
        string before = Snapshot();
        var result = Command.Try(Patience, "nsenter", Run());
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("10.244.0.0/16", result.Error, StringComparison.Ordinal);
        Assert.Contains("dataplane: what was made of the node's networking until then is undone", result.Error, StringComparison.Ordinal);
        Assert.Equal(before, Snapshot());
    }

    [RequiresRootFact]
    public void MissingPrivilegesAreNotBlamedOnTheMachine()
    {
        MakeUplink();
        var result = Command.Try(Patience, "nsenter", Run(["setpriv", "--inh-caps=-all", "--bounding-set=-all"], []));
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("dataplane: this process may not use af-xdp: socket(AF_XDP): EPERM", result.Error, StringComparison.Ordinal);
        Assert.Contains("run as root, or with CAP_NET_RAW, CAP_NET_ADMIN, CAP_BPF", result.Error, StringComparison.Ordinal);
    }

    [RequiresRootFact]
    public async Task ALivingDataplaneIsSafeFromCleanup_AndIsNotWellWithoutItsHostPort()
    {
        MakeUplink();
        using var process = BackgroundProcess.Start("nsenter", Run("--metrics-listen", "192.0.2.1:9962"));
        process.WaitForOutput($"control on {Socket}", Patience);

        var cleanup = Command.Try(Patience, "nsenter", ["--net=" + Box.Node.Path, "dotnet", typeof(CleanupCommand).Assembly.Location, "cleanup", "--state-dir", _state]);
        Assert.Equal(1, cleanup.ExitCode);
        Assert.Contains($"a dataplane has {_state}; stop it first", cleanup.Error, StringComparison.Ordinal);
        Assert.NotNull(Box.Netlink.Links.Find("dp-host"));
        Assert.Equal("200", Probe("healthz").Status);

        ApplySandbox.Exec(Box.Node, "ip", "link", "del", "dp-host");
        foreach (string page in (string[])["healthz", "readyz"])
        {
            var (status, text) = Probe(page);
            Assert.Equal("503", status);
            Assert.Contains("host-port: interface dp-host was removed", text, StringComparison.Ordinal);
            Assert.Contains("restart the dataplane", text, StringComparison.Ordinal);
        }
        using var client = new ControlClient($"unix://{Socket}");
        var told = await client.GetStatusAsync(new GetStatusRequest());
        Assert.False(told.Ready);
        Assert.Contains("host-port: interface dp-host was removed", told.NotReadyReason, StringComparison.Ordinal);
    }

    [RequiresRootFact]
    public async Task WhatOthersConfigureOtherwiseIsToldOrRefused()
    {
        MakeUplink();
        using var process = BackgroundProcess.Start("nsenter", Run());
        process.WaitForOutput($"control on {Socket}", Patience);
        using var client = new ControlClient($"unix://{Socket}");
        await client.SyncAsync(new SyncRequest { Generation = 1, State = new State { Nodes = { new Node { Name = "node-1", Addresses = { "192.0.2.1" }, PodCidrs = { "10.244.9.0/24" } } } } });
        process.WaitForOutput("the Node object node-1 has podCIDRs 10.244.9.0/24", Patience);
        Assert.Contains((await client.GetStatusAsync(new GetStatusRequest())).Problems, problem => problem.StartsWith("pod-cidr is 10.244.1.0/24, and the Node object node-1", StringComparison.Ordinal));

        var pod = Box.AddNamespace();
        var request = new AttachEndpointRequest { Namespace = "shop", Pod = "web-0", Netns = pod.Path, Addresses = { "10.244.1.1" } };
        var refusal = await Assert.ThrowsAsync<RpcException>(() => client.AttachEndpointAsync(request));
        Assert.Equal(StatusCode.InvalidArgument, refusal.StatusCode);
        Assert.Contains("is the pods' gateway", refusal.Message, StringComparison.Ordinal);
        request.Addresses[0] = "10.244.2.7";
        await client.AttachEndpointAsync(request);
        process.WaitForOutput("pod shop/web-0 has 10.244.2.7, outside of pod-cidr 10.244.1.0/24", Patience);
        Assert.Equal(2, (await client.GetStatusAsync(new GetStatusRequest())).Problems.Count(problem => problem.Contains("pod-cidr", StringComparison.Ordinal)));
    }

    private (string Status, string Text) Probe(string page)
    {
        string text = ApplySandbox.Exec(Box.Node, "curl", "-s", "--max-time", "5", "-w", "\n%{http_code}", $"http://192.0.2.1:9962/{page}");
        return (text[^3..], text);
    }

    // Flags come after the usual ones, of which each that is given again is left out.
    private string[] Run(params string[] flags) => Run([], flags);

    private string[] Run(string[] prefix, params string[] flags)
    {
        (string Key, string Value)[] usual =
        [
            ("--node-name", "node-1"), ("--node-ip", "192.0.2.1"), ("--pod-cidr", "10.244.1.0/24"), ("--umem-frames", "16384"), ("--metrics-listen", "off"),
            ("--state-dir", _state), ("--control", $"unix://{Socket}"),
        ];
        return ["--net=" + Box.Node.Path, .. prefix, "dotnet", typeof(CleanupCommand).Assembly.Location, "run", .. usual.Where(flag => !flags.Contains(flag.Key)).SelectMany(flag => (string[])[flag.Key, flag.Value]), .. flags];
    }

    private void MakeUplink()
    {
        Box.Netlink.Links.CreateVeth(new VethSpec { Name = "up0", PeerName = "far0" });
        ApplySandbox.Exec(Box.Node, "ip", "addr", "add", "192.0.2.1/24", "dev", "up0");
        foreach (string name in (string[])["up0", "far0"]) ApplySandbox.Exec(Box.Node, "ip", "link", "set", name, "up");
        // The kernel hears of the carrier a moment later, and the snapshots have it.
        Assert.True(SpinWait.SpinUntil(() => !ApplySandbox.Exec(Box.Node, "ip", "route").Contains("linkdown", StringComparison.Ordinal), TimeSpan.FromSeconds(5)));
    }

    private string Snapshot() => string.Join('\n', [
        ApplySandbox.Exec(Box.Node, "ip", "rule"), ApplySandbox.Exec(Box.Node, "ip", "-4", "route", "show", "table", "all"), ApplySandbox.Exec(Box.Node, "ip", "-4", "-br", "addr"),
        ApplySandbox.Exec(Box.Node, "ip", "-br", "link"), .. Box.Netlink.Links.List().Select(link => $"{link.Name} {link.XdpMode}"),
        ApplySandbox.Exec(Box.Node, "sysctl", "-a", "-r", "^net.ipv[46].(conf.(all|default|lo|up0)|ip_|tcp_|udp_|fwmark)")]);
}
