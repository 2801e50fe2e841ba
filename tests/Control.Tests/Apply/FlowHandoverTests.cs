using Dataplane.Conntrack;
using Dataplane.Contracts.V1;
using Dataplane.Control.Apply;
using Dataplane.Control.Compile;
using Dataplane.Control.Options;
using Dataplane.Control.Tests.Compile;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;
using Dataplane.Workers;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;
using Kind = Dataplane.Contracts.V1.Frontend.Types.Kind;

namespace Dataplane.Control.Tests.Apply;

/// <summary>F2, F3: what one dataplane leaves in a file and the next takes, in both families.</summary>
public sealed class FlowHandoverTests : IDisposable
{
    private const int Ticks = 46; // where the time is: after the magic number and the boot ID with its length and end of line

    private static readonly IPv4Address Client = new(10, 244, 1, 9), Endpoint = new(10, 244, 2, 5);
    private static readonly IPv6Address ClientV6 = IPv6Address.Parse("fd00:244:1::9"), EndpointV6 = IPv6Address.Parse("fd00:244:2::5");

    private readonly string _folder = Directory.CreateTempSubdirectory("flow-handover").FullName;

    private string Socket => Path.Combine(_folder, "control.sock");

    private string File => Path.Combine(_folder, "control.sock.flows");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void F3_TheNextDataplaneHasTheFlowsOfBothFamiliesOnce()
    {
        using (var before = new Process(Socket))
        {
            before.Put(Flow(Client, Endpoint));
            before.PutV6(Flow(ClientV6, EndpointV6));
            before.Leave(DesiredState.Empty);
        }
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, new FileInfo(File).UnixFileMode);
        using (var next = new Process(Socket))
        {
            Assert.Equal(Flow(Client, Endpoint).Original, Assert.Single(next.Tables.V4.Reader.Snapshot()).Original);
            Assert.Equal(Flow(ClientV6, EndpointV6).Original, Assert.Single(next.Tables.V6!.Reader.Snapshot()).Original);
        }
        Assert.Empty(Directory.GetFiles(_folder));
        using var third = new Process(Socket);
        Assert.Equal((0, 0), (third.Tables.V4.Reader.Count, third.Tables.V6!.Reader.Count));
        Assert.Null(third.Handover.State);
    }

    [Fact]
    public void F3_TheFirstStateIsComparedWithWhatTheLastSaidOfTheFlows()
    {
        var state = new State
        {
            Ipcache = { Owned("10.244.1.9/32", "shop/client"), Owned("10.244.2.5/32", "shop/web"), Owned("10.244.2.6/32", "shop/none"), Owned("fd00:244:2::5/128", "shop/web"), Owned("192.0.2.0/24", "") },
            Services = { SampleState.Service("lines", "10.96.0.1", "10.244.2.5:80"), Udp("names", "10.96.0.2", "10.244.2.5:53") },
        };
        using (var before = new Process(Socket))
        {
            before.Put(Flow(Client, Endpoint));
            before.PutV6(Flow(ClientV6, EndpointV6));
            before.Leave(DesiredState.From(7, state));
        }
        using var next = new Process(Socket);
        Assert.Equal(["10.244.1.9/32", "10.244.2.5/32", "fd00:244:2::5/128"], next.Handover.State!.Ipcache.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("names", Assert.Single(next.Handover.State.Services.Select(s => s.Value)).Name);
        next.Handover.Complete();
        Assert.Null(next.Handover.State);
    }

    /// <summary>A pod may go while there is no dataplane, and its address be another one's before the state says so.</summary>
    [Fact]
    public void P28_AddressesOfThisNodesPodsThatHaveFlowsAreKnown()
    {
        using (var before = new Process(Socket))
        {
            before.Put(Flow(Client, Endpoint));
            before.Put(Flow(new IPv4Address(10, 244, 1, 1), Endpoint)); // the node itself, by its host port
            before.Put(Flow(new IPv4Address(192, 0, 2, 1), new IPv4Address(10, 244, 1, 7)));
            before.PutV6(Flow(IPv6Address.Parse("fd00::af4:109"), EndpointV6)); // ends like 10.244.1.9
            before.PutV6(Flow(ClientV6, EndpointV6));
            before.Leave(DesiredState.Empty);
        }
        using var next = new Process(Socket);
        Assert.Equal(new HashSet<IPv6Address> { Client.Widen(), new IPv4Address(10, 244, 1, 7).Widen(), ClientV6 }, next.Handover.LocalEnds.ToHashSet());
        next.Handover.Complete();
        Assert.Empty(next.Handover.LocalEnds);
    }

    /// <summary>Another node's node port is that node's: packets to it are not to be led here.</summary>
    [Fact]
    public void K18_FrontendsThatConnectionsWereOpenedToAreKnownAsTheServicesHadThem()
    {
        ExternalFrontend<IPv4Address> nodePort = new(default, 30080, IpProtocol.Tcp), balancer = new(new(198, 51, 100, 7), 80, IpProtocol.Tcp), idle = new(new(198, 51, 100, 8), 80, IpProtocol.Tcp);
        using (var before = new Process(Socket))
        {
            before.Put(To(new(192, 168, 77, 1), 30080));
            before.Put(To(new(192, 168, 77, 2), 30081));
            before.Put(To(balancer.Address, 80));
            before.Leave(DesiredState.From(7, new State { Nodes = { SampleState.Node("node-2", "192.168.77.2", "10.244.2.0/24") } }), nodePort, balancer, idle);
        }
        using var next = new Process(Socket);
        Assert.Equal(new HashSet<ExternalFrontend<IPv4Address>> { nodePort, balancer }, next.Handover.Frontends.ToHashSet());
        Assert.Equal("192.168.77.2", next.Handover.State!.Nodes["node-2"].Addresses.Single());

        static ConntrackEntry<IPv4Address> To(IPv4Address address, ushort port) => Flow(Client, Endpoint, port) with
        {
            Original = new(Client, address, Be16.FromHost(port), Be16.FromHost(port), IpProtocol.Tcp), Flags = FlowFlags.Service,
        };
    }

    /// <summary>A process that is stopped before it was told anything leaves what it was left.</summary>
    [Fact]
    public void F3_WhatNobodyHasAskedForYetIsHandedOn()
    {
        var state = DesiredState.From(7, new State { Ipcache = { Owned("10.244.2.5/32", "shop/web") }, Services = { Sticky() } });
        using (var before = new Process(Socket, state))
        {
            before.Put(Flow(Client, Endpoint));
            before.Remember();
            before.Leave(state);
        }
        using (var between = new Process(Socket)) between.Leave(DesiredState.Empty);
        using var last = new Process(Socket, state);
        Assert.Single(last.Tables.V4.Reader.Snapshot());
        Assert.Equal("shop/web", last.Handover.State!.Ipcache["10.244.2.5/32"].Owner);
        last.Handover.Settle(last.Engine.Tables, last.Engine);
        Assert.True(last.Remembers());
    }

    [Fact]
    public void K19_ClientsKeepTheirEndpointsThoughServicesHaveOtherNumbersNow()
    {
        LeaveAClient(DesiredState.From(7, SampleState.Of(Sticky())));
        using var next = new Process(Socket, DesiredState.From(1, SampleState.Of(SampleState.Service("another", "10.96.0.8", "10.244.2.5:80"), SampleState.Service("further", "10.96.0.9", "10.244.2.5:80"), Sticky())));
        next.Handover.Settle(next.Engine.Tables, next.Engine);
        Assert.True(next.Remembers());
    }

    [Fact]
    public void K19_WhatIsNoServiceWithAffinityAnyMoreIsForgotten()
    {
        LeaveAClient(DesiredState.From(7, SampleState.Of(Sticky())));
        var plain = Sticky();
        plain.AffinitySeconds = 0;
        using var next = new Process(Socket, DesiredState.From(1, SampleState.Of(plain)));
        next.Handover.Settle(next.Engine.Tables, next.Engine);
        Assert.Equal(0, next.Engine.Affinity.CountUsed());
    }

    /// <summary>Whoever retries meanwhile finds the endpoint that it had: services are not in force before that is known.</summary>
    [Fact]
    public void K19_NothingIsSettledBeforeThereIsAState()
    {
        var state = DesiredState.From(7, SampleState.Of(Sticky()));
        LeaveAClient(state);
        using var next = new Process(Socket);
        next.Handover.Settle(next.Engine.Tables, next.Engine);
        Assert.Equal(0, next.Engine.Affinity.CountUsed());
        next.Handover.Settle(SampleState.Compiler().Compile(state, SampleState.Input()), next.Engine);
        Assert.Equal(1, next.Engine.Affinity.CountUsed());
    }

    [Fact]
    public void F3_AStartThatFailsLeavesThemToTheNextOne()
    {
        using (var before = new Process(Socket))
        {
            before.Put(Flow(Client, Endpoint));
            before.Leave(DesiredState.Empty);
        }
        using (var tables = new NodeConntrack(Process.Options(Socket), workers: 1)) new FlowHandover(Process.Options(Socket), NullLogger.Instance).Take(tables);
        using var next = new Process(Socket);
        Assert.Single(next.Tables.V4.Reader.Snapshot());
    }

    /// <summary>A flow that a worker failed at would fail the next one as well.</summary>
    [Fact]
    public void F2_ADataplaneWhoseWorkerFailedLeavesNothing()
    {
        using var process = new Process(Socket);
        process.Put(Flow(Client, Endpoint));
        process.Engine.Publish(null!);
        Assert.True(SpinWait.SpinUntil(() => !process.Engine.Workers[0].IsAlive, TimeSpan.FromSeconds(10)));
        process.Leave(DesiredState.Empty);
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Theory]
    [InlineData(14, 1)]
    [InlineData(16, 0)]
    public void F3_WhatIsOlderThanAConnectionsPatienceIsPassedOver(int minutes, int flows)
    {
        using (var before = new Process(Socket))
        {
            before.Put(Flow(Client, Endpoint));
            before.Leave(DesiredState.Empty);
        }
        byte[] file = System.IO.File.ReadAllBytes(File);
        BitConverter.TryWriteBytes(file.AsSpan(Ticks), BitConverter.ToInt64(file, Ticks) - minutes * 60_000);
        System.IO.File.WriteAllBytes(File, file);
        using var next = new Process(Socket);
        Assert.Equal(flows, next.Tables.V4.Reader.Snapshot().Count());
    }

    [Fact]
    public void F16_AFileThatIsNotOursDamagedOrOfAnotherStartOfTheMachineIsPassedOver()
    {
        using (var before = new Process(Socket))
        {
            for (ushort port = 1; port <= 100; port++) before.Put(Flow(Client, Endpoint, port));
            before.Leave(DesiredState.From(7, new State { Ipcache = { Owned("10.244.2.5/32", "shop/web") } }));
        }
        byte[] good = System.IO.File.ReadAllBytes(File);
        byte[] otherBoot = [.. good];
        otherBoot[Ticks - 5] ^= 1; // in the machine's boot ID
        byte[] otherMagic = [.. good];
        otherMagic[0] ^= 1;
        var random = new Random(1);
        List<byte[]> files = [[], [1, 2, 3], otherBoot, otherMagic, .. Enumerable.Range(1, 20).Select(i => good[..(good.Length * i / 21)])];
        for (int i = 0; i < 200; i++)
        {
            byte[] damaged = [.. good];
            for (int j = i % 20; j >= 0; j--) damaged[random.Next(8, Math.Min(damaged.Length, 400))] = (byte)random.Next(256);
            files.Add(damaged);
        }
        foreach (byte[] file in files)
        {
            System.IO.File.WriteAllBytes(File, file);
            using var tables = new NodeConntrack(Process.Options(Socket), workers: 1);
            var handover = new FlowHandover(Process.Options(Socket), NullLogger.Instance);
            handover.Take(tables); // does not throw
            int flows = tables.V4.Reader.Snapshot().Count();
            Assert.InRange(flows, 0, 100);
            Assert.Equal(flows > 0, handover.State is not null); // no flow without what it is compared with
            handover.Accept();
            Assert.False(System.IO.File.Exists(File));
        }
    }

    /// <summary>IPv6 may be switched off between the two.</summary>
    [Fact]
    public void F16_ADataplaneOfOneFamilyTakesThatOfOneOfBoth()
    {
        using (var before = new Process(Socket))
        {
            before.Put(Flow(Client, Endpoint));
            before.PutV6(Flow(ClientV6, EndpointV6));
            before.Leave(DesiredState.Empty);
        }
        var options = OptionLoader.Load(["--control", $"unix://{Socket}", "--node-ip", "192.168.77.1", "--pod-cidr", "10.244.1.0/24", "--uplink", "none", "--conntrack-entries", "1024"]);
        using var tables = new NodeConntrack(options, workers: 1);
        var handover = new FlowHandover(options, NullLogger.Instance);
        handover.Take(tables);
        Assert.Single(tables.V4.Reader.Snapshot());
        Assert.NotNull(handover.State);
    }

    [Fact]
    public void F3_AFolderThatCannotBeWrittenEndsConnectionsAndNothingElse()
    {
        using var process = new Process(Path.Combine(_folder, "missing", "control.sock"));
        process.Put(Flow(Client, Endpoint));
        process.Leave(DesiredState.Empty);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    private void LeaveAClient(DesiredState state)
    {
        using var before = new Process(Socket, state);
        before.Remember();
        before.Leave(state);
    }

    private static IpcacheEntry Owned(string cidr, string owner) => new() { Cidr = cidr, Owner = owner, Identity = 20 };

    private static Service Udp(string name, string clusterIp, params string[] backends)
    {
        var service = SampleState.Service(name, clusterIp, backends);
        service.Protocol = Protocol.Udp;
        return service;
    }

    private static Service Sticky()
    {
        var service = SampleState.Service("sticky", "10.96.0.3", "10.244.2.5:80").At(Kind.NodePort, "", 30080);
        service.AffinitySeconds = 10800;
        return service;
    }

    private static ConntrackEntry<TAddress> Flow<TAddress>(TAddress client, TAddress server, ushort port = 40_000)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        var tuple = new FlowTuple<TAddress>(client, server, Be16.FromHost(port), Be16.FromHost(80), IpProtocol.Tcp);
        return new() { Original = tuple, Reply = tuple.Mirror(), State = FlowState.Established };
    }

    // What a dataplane has of it: tables, workers, and services by their numbers.
    private sealed class Process : IDisposable
    {
        public static DataplaneOptions Options(string socket) => OptionLoader.Load([
            "--control", $"unix://{socket}", "--node-ip", "192.168.77.1,fd00:77::1", "--pod-cidr", "10.244.1.0/24,fd00:244:1::/64", "--cluster-cidr", "10.244.0.0/16,fd00:244::/32",
            "--service-cidr", "10.96.0.0/12,fd00:96::/112", "--uplink", "none", "--conntrack-entries", "1024"]);

        private readonly Lazy<DataplaneEngine> _engine;

        public Process(string socket, DesiredState? state = null)
        {
            Tables = new NodeConntrack(Options(socket), workers: 1);
            Handover = new FlowHandover(Options(socket), NullLogger.Instance);
            Handover.Take(Tables);
            Handover.Accept();
            var compiled = SampleState.Compiler().Compile(state ?? DesiredState.Empty, SampleState.Input());
            _engine = new(() => new DataplaneEngine(new EngineOptions { Frames = 256, AffinityEntries = 64 }, Tables.V4, Tables.V6, compiled));
        }

        public NodeConntrack Tables { get; }

        public FlowHandover Handover { get; }

        /// <summary>From the first use on the tables are its workers'.</summary>
        public DataplaneEngine Engine => _engine.Value;

        public void Put(in ConntrackEntry<IPv4Address> flow) => Put(Tables.V4, flow);

        public void PutV6(in ConntrackEntry<IPv6Address> flow) => Put(Tables.V6!, flow);

        public void Remember() => Engine.Affinity.Remember(Client, Service.Id, new Backend<IPv4Address>(Endpoint, Be16.FromHost(80)), Engine.Clock.Seconds);

        public bool Remembers() =>
            Engine.Affinity.TryFind(Client, Service.Id, 10800, Engine.Clock.Seconds, out var backend) && backend == new Backend<IPv4Address>(Endpoint, Be16.FromHost(80));

        public void Leave(DesiredState state, params ExternalFrontend<IPv4Address>[] frontends)
        {
            foreach (var worker in Engine.Workers) worker.Dispose();
            Handover.Leave(Tables, Engine, state, frontends.ToHashSet(), new HashSet<ExternalFrontend<IPv6Address>>());
        }

        public void Dispose()
        {
            if (_engine.IsValueCreated) Engine.Dispose();
            Tables.Dispose();
        }

        private Service<IPv4Address> Service =>
            Engine.Tables.IPv4.Services.TryFind(new IPv4Address(10, 96, 0, 3), IpProtocol.Tcp, 80, out var frontend) ? frontend.Service : throw new InvalidOperationException("no such service");

        private static void Put<TAddress>(ConntrackTable<TAddress> table, in ConntrackEntry<TAddress> flow)
            where TAddress : unmanaged, IIpAddress<TAddress>
        {
            table.Writer(0).Quiescent();
            table.Writer(0).TryInsert(flow, flow.Original.Hash(table.Seed), flow.Reply.Hash(table.Seed), 1, out _, out var result);
            Assert.Equal(InsertResult.Inserted, result);
        }
    }
}
