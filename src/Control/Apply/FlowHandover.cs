using Dataplane.Conntrack;
using Dataplane.Contracts.V1;
using Dataplane.Control.Compile;
using Dataplane.Control.Options;
using Dataplane.Packets;
using Dataplane.Tables;
using Dataplane.Workers;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace Dataplane.Control.Apply;

/// <summary>
/// Connections outlive a restart: a process that is told to stop leaves its flows, and which endpoints clients are to keep, in a file beside the
/// control socket, and the next one takes them. What became of their pods and services meanwhile is found by comparing what the state said of
/// them with the first state that the next process is sent. A process that is killed leaves nothing.
/// </summary>
/// <param name="options">Where the control socket is, and where this node and its pods have their addresses.</param>
/// <param name="log">For what became of it.</param>
internal sealed class FlowHandover(DataplaneOptions options, ILogger log)
{
    private const ulong Magic = 0x31304f444e414844; // "DHANDO01"
    private const string BootId = "/proc/sys/kernel/random/boot_id";
    private const uint TooLate = 15 * 60; // seconds; the ends of a connection give up after about as long (net.ipv4.tcp_retries2)

    private readonly string _path = PathOf(options.ControlSocketPath);
    private readonly AffinityHandover<IPv4Address> _affinity = new();
    private readonly AffinityHandover<IPv6Address> _affinityV6 = new();

    /// <summary>The file beside a control socket.</summary>
    public static string PathOf(string controlSocket) => controlSocket + ".flows";

    /// <summary>What the state said of the flows that were taken, until <see cref="Complete"/>; null when there were none.</summary>
    public DesiredState? State { get; private set; }

    /// <summary>Addresses of this node's pods that have flows which were taken, until <see cref="Complete"/>; either family.</summary>
    public IReadOnlyCollection<IPv6Address> LocalEnds { get; private set; } = [];

    /// <summary>Frontends that clients outside use, and that connections which were taken were opened to.</summary>
    public IReadOnlyCollection<ExternalFrontend<IPv4Address>> Frontends { get; private set; } = [];

    /// <summary>The same of IPv6.</summary>
    public IReadOnlyCollection<ExternalFrontend<IPv6Address>> FrontendsV6 { get; private set; } = [];

    /// <summary>Removes what a dataplane has left; false when there is nothing.</summary>
    /// <param name="controlSocket">Path of its control socket.</param>
    /// <exception cref="IOException">It cannot be removed.</exception>
    public static bool Forget(string controlSocket)
    {
        string path = PathOf(controlSocket);
        if (File.Exists(Draft(path))) File.Delete(Draft(path));
        if (!File.Exists(path)) return false;
        File.Delete(path);
        return true;
    }

    /// <summary>
    /// Takes what the process before has left, if anything; it stays there until <see cref="Accept"/>, so that a start that fails does not lose it.
    /// Without it connections end, and that is all.
    /// </summary>
    /// <param name="tables">Tables that no worker uses yet.</param>
    public void Take(NodeConntrack tables)
    {
        if (!File.Exists(_path)) return;
        try
        {
            using var from = new BinaryReader(File.OpenRead(_path));
            Read(from, tables);
        }
#pragma warning disable CA1031 // Whatever is in the file, the node is to be served.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _affinity.Clear();
            _affinityV6.Clear();
            tables.V4.Reader.FlushAll();
            tables.V6?.Reader.FlushAll();
            log.LogWarning("connections of the dataplane before are lost: {Path}: {Why}", _path, e.Message);
        }
    }

    /// <summary>The start has succeeded: what was left is ours now.</summary>
    public void Accept()
    {
        try
        {
            Forget(options.ControlSocketPath);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.LogWarning("{Path} cannot be removed: {Why}", _path, e.Message);
        }
    }

    /// <summary>Services are about to be in force: clients keep the endpoints that they had.</summary>
    /// <param name="tables">Which have them.</param>
    /// <param name="engine">Before it gets them.</param>
    public void Settle(DataplaneTables tables, DataplaneEngine engine)
    {
        if (State is null || tables.Generation == 0) return;
        _affinity.Settle(engine.Affinity, tables.IPv4.Services, engine.Clock.Seconds);
        if (engine.AffinityV6 is { } affinityV6 && tables.IPv6 is { } tablesV6) _affinityV6.Settle(affinityV6, tablesV6.Services, engine.Clock.Seconds);
    }

    /// <summary>The first state was compared with <see cref="State"/>; from now on states are compared with each other.</summary>
    public void Complete() => (State, LocalEnds) = (null, []);

    /// <summary>Leaves everything to the next process; or nothing, where a worker failed: perhaps at a flow.</summary>
    /// <param name="tables">The flows.</param>
    /// <param name="engine">Whose workers have stopped.</param>
    /// <param name="state">The state in force.</param>
    /// <param name="frontends">Frontends that clients outside use.</param>
    /// <param name="frontendsV6">The same of IPv6.</param>
    public void Leave(
        NodeConntrack tables, DataplaneEngine engine, DesiredState state, IReadOnlySet<ExternalFrontend<IPv4Address>> frontends, IReadOnlySet<ExternalFrontend<IPv6Address>> frontendsV6)
    {
        if (engine.Workers.Any(worker => worker.Failure is not null)) return;
        string made = Draft(_path);
        try
        {
            int count;
            using (var file = Create(made))
            using (var to = new BinaryWriter(file))
                count = Write(to, tables, engine, State ?? state, frontends, frontendsV6);
            File.Move(made, _path, overwrite: true);
            log.LogInformation("left {Count} connections to the next dataplane", count);
        }
#pragma warning disable CA1031 // Whatever it was, the rest is to be closed.
        catch (Exception e)
#pragma warning restore CA1031
        {
            log.LogWarning("connections end with this dataplane: {Path}: {Why}", made, e.Message);
            Discard(made); // a disk that is full of it would be in everybody's way
        }
    }

    private static string Draft(string path) => path + ".new";

    // Who talks with whom is other people's business: the owner alone may read it.
    private static FileStream Create(string path) => OperatingSystem.IsWindows()
        ? throw new PlatformNotSupportedException("the dataplane runs on Linux")
        : new FileStream(path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.ReadWrite, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });

    private static void Discard(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It was not there, or the disk takes nothing at all.
        }
    }

    private void Read(BinaryReader from, NodeConntrack tables)
    {
        if (from.ReadUInt64() != Magic) throw new InvalidDataException("is of another version");
        if (from.ReadString() != File.ReadAllText(BootId)) throw new InvalidDataException("is from before the machine was started");
        uint away = (uint)Math.Clamp((Environment.TickCount64 - from.ReadInt64()) / 1000, 0, int.MaxValue / 2);
        if (away > TooLate) throw new InvalidDataException($"is {away} s old");
        int length = from.ReadInt32();
        if (length < 0 || length > from.BaseStream.Length) throw new InvalidDataException($"has a state of {length} bytes");
        var state = DesiredState.From(1, Contracts.V1.State.Parser.ParseFrom(from.ReadBytes(length)));
        var frontends = ReadFrontends<IPv4Address>(from);
        var frontendsV6 = ReadFrontends<IPv6Address>(from);
        var (written, restored) = FlowArchive.Read(from, tables.V4, CoarseClock.First, away);
        _affinity.Read(from, away);
        if (from.ReadBoolean() && tables.V6 is { } tableV6)
        {
            var (writtenV6, restoredV6) = FlowArchive.Read(from, tableV6, CoarseClock.First, away);
            (written, restored) = (written + writtenV6, restored + restoredV6);
            _affinityV6.Read(from, away);
        }
        (State, Frontends, FrontendsV6, LocalEnds) = (state, frontends, frontendsV6, [.. Ends(tables).Where(IsLocal)]);
        log.LogInformation("took over {Restored} of {Written} connections, after {Away} s", restored, written, away);
    }

    private int Write(
        BinaryWriter to, NodeConntrack tables, DataplaneEngine engine, DesiredState state, IReadOnlySet<ExternalFrontend<IPv4Address>> frontends, IReadOnlySet<ExternalFrontend<IPv6Address>> frontendsV6)
    {
        uint now = engine.Clock.Seconds;
        to.Write(Magic);
        to.Write(File.ReadAllText(BootId));
        to.Write(Environment.TickCount64);
        byte[] concerning = Concerning(tables, state).ToByteArray();
        to.Write(concerning.Length);
        to.Write(concerning);
        bool hasV6 = tables.V6 is not null && engine.Tables.IPv6 is not null;
        WriteFrontends(to, FrontendRetirement<IPv4Address>.Used(tables.V4.Reader.Snapshot(), frontends));
        WriteFrontends(to, hasV6 ? FrontendRetirement<IPv6Address>.Used(tables.V6!.Reader.Snapshot(), frontendsV6) : []);
        var services = state.Services.Select(s => s.Value);
        int count = FlowArchive.Write(to, tables.V4, now);
        _affinity.Write(to, engine.Affinity, engine.Tables.IPv4.Services, services, now);
        to.Write(hasV6);
        if (!hasV6) return count;
        count += FlowArchive.Write(to, tables.V6!, now);
        _affinityV6.Write(to, engine.AffinityV6!, engine.Tables.IPv6!.Services, services, now);
        return count;
    }

    private static void WriteFrontends<TAddress>(BinaryWriter to, HashSet<ExternalFrontend<TAddress>> frontends)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        to.Write(frontends.Count);
        foreach (var frontend in frontends)
        {
            to.Write($"{frontend.Address}");
            to.Write(frontend.Port);
            to.Write(frontend.Protocol);
        }
    }

    private static List<ExternalFrontend<TAddress>> ReadFrontends<TAddress>(BinaryReader from)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        var frontends = new List<ExternalFrontend<TAddress>>();
        for (int left = from.ReadInt32(); left > 0; left--)
        {
            if (!TAddress.TryParse(from.ReadString(), out var address)) throw new InvalidDataException("has a frontend that is none");
            frontends.Add(new(address, from.ReadUInt16(), from.ReadByte()));
        }
        return frontends;
    }

    // The host port has an address among those of pods.
    private bool IsLocal(IPv6Address address)
    {
        var ip = FieldParser.Narrow(address);
        return options.PodCidr.All.Any(cidr => cidr.Contains(ip)) && !ip.Equals(options.HostPortAddress.IPv4) && !ip.Equals(options.HostPortAddress.IPv6);
    }

    // Of the state, what the next one has to be compared with for the sake of these flows.
    private static State Concerning(NodeConntrack tables, DesiredState state)
    {
        var ends = Ends(tables);
        return new State
        {
            Nodes = { state.Nodes.Values },
            Ipcache = { state.Ipcache.Where(entry => FieldParser.TryHost(entry.Key, out var address) && ends.Contains(address)).Select(entry => entry.Value) },
            Services = { state.Services.Select(s => s.Value).Where(service => service.Protocol == Protocol.Udp) },
        };
    }

    // Both true ends of every flow.
    private static HashSet<IPv6Address> Ends(NodeConntrack tables)
    {
        var ends = new HashSet<IPv6Address>();
        Collect(tables.V4);
        if (tables.V6 is not null) Collect(tables.V6);
        return ends;

        void Collect<TAddress>(ConntrackTable<TAddress> table)
            where TAddress : unmanaged, IIpAddress<TAddress>
        {
            foreach (var flow in table.Reader.Snapshot())
            {
                ends.Add(flow.Original.Source.Widen());
                ends.Add(flow.Reply.Source.Widen());
            }
        }
    }
}
