using System.Buffers.Binary;
using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;
using Dataplane.Testing.Packets;
using Xdp.Interop;

namespace Dataplane.Bench.Micro.Path;

/// <summary>
/// Batches as a worker carries them, without its sockets: packets of many flows in frames of a UMEM, prepared, looked up ahead, and
/// run. Before each batch the frames get their first bytes anew, as the kernel would write them: that is a copy of some hundred bytes.
/// </summary>
internal sealed class PathBatch
{
    /// <summary>Packets in a batch.</summary>
    public const int Size = 64;

    private readonly Umem _umem = Umem.Create(Size);
    private readonly NativeMemoryRegion _memory; // as in life: huge pages where there are any
    private readonly PathContext<IPv4Address> _context;
    private readonly DataplaneTables _tables;
    private readonly PacketInfo<IPv4Address>[] _infos = new PacketInfo<IPv4Address>[Size];
    private readonly Verdict[] _verdicts = new Verdict[Size];
    private readonly ulong[] _hashes = new ulong[Size];
    private readonly byte[] _template;
    private readonly int _restored;
    private readonly PathFlow[] _flows;
    private readonly PathCase _case;
    private int _next;

    public PathBatch(PathCase packets, int flows)
    {
        _case = packets;
        _tables = packets.BuildTables();
        int capacity = Math.Max(1024, flows + flows / 20);
        _memory = NativeMemoryRegion.Create(ConntrackTable<IPv4Address>.RequiredBytes(capacity, 1), hugePages: true, "conntrack");
        var conntrack = new ConntrackTable<IPv4Address>(_memory.Memory, capacity, 1, 0x1234_5678_9abc_def0, new ConntrackTimeouts());
        _context = new PathContext<IPv4Address>(conntrack, conntrack.Writer(0), new FragmentTable<IPv4Address>(), new AffinityTable<IPv4Address>(), 1);
        _flows = new PathFlow[Math.Max(flows, Size)];
        for (int i = 0; i < _flows.Length; i++) _flows[i] = packets.Flow(i % flows);

        Begin();
        _template = packets.Opening;
        _restored = _template.Length;
        for (int i = 0; i < flows; i += Size)
        {
            RestoreAll();
            Carry();
        }
        // One that was dropped would be opened by no later packet, and its drops would be what is measured.
        if (conntrack.Reader.Count != flows) throw new InvalidOperationException($"{packets.Name}: {conntrack.Reader.Count} of {flows} flows were opened: {_verdicts[0]}");
        new Random(1).Shuffle(_flows);
        _template = packets.Packet;
        _restored = Math.Min(_template.Length, 128); // the path reads and writes headers only
        for (int i = 0; i < Size; i++) _template.CopyTo(_umem.Frame((ulong)i * Umem.FrameSize)[Umem.RxHeadroom..]);
        _next = 0;
        RestoreAll();
        Carry();
        foreach (var verdict in _verdicts)
        {
            if (verdict.Kind != VerdictKind.Forward || _infos[0].Flags.HasFlag(PacketFlags.OpensFlow)) throw new InvalidOperationException($"{packets.Name}: {verdict}");
        }
    }

    /// <summary>Writes the first bytes of the next batch's packets.</summary>
    public void RestoreAll()
    {
        var template = _template.AsSpan(0, _restored);
        for (int i = 0; i < Size; i++)
        {
            ref readonly var flow = ref _flows[_next];
            if (++_next == _flows.Length) _next = 0;
            var frame = _umem.Frame((ulong)i * Umem.FrameSize)[Umem.RxHeadroom..];
            template.CopyTo(frame);
            flow.Address.CopyTo(frame[_case.AddressOffset..]);
            BinaryPrimitives.WriteUInt16BigEndian(frame[_case.PortOffset..], flow.Port);
            if (flow.Checksum != 0) BitConverter.TryWriteBytes(frame[(_case.PortOffset + TcpHeader.ChecksumOffset)..], flow.Checksum);
        }
    }

    /// <summary>Carries the batch: what Worker does between receiving and sending.</summary>
    public void Carry()
    {
        Begin();
        for (int i = 0; i < Size; i++)
        {
            ref var info = ref _infos[i];
            info.Start = Umem.RxHeadroom;
            info.HeadLength = info.TotalLength = _template.Length;
            info.InPort = _case.Port;
            info.Origin = _case.Origin;
            info.Flags = PacketFlags.None;
            var packet = new Packet<IPv4Address>(_umem.Frame((ulong)i * Umem.FrameSize), ref info);
            _verdicts[i] = PacketPath<IPv4Address>.Prepare(ref packet, _context);
            _hashes[i] = info.Hash;
        }
        _context.Conntrack.Prefetch(_hashes);
        for (int i = 0; i < Size; i++)
        {
            if (_verdicts[i].IsFinal) continue;
            var packet = new Packet<IPv4Address>(_umem.Frame((ulong)i * Umem.FrameSize), ref _infos[i]);
            _verdicts[i] = PacketPath<IPv4Address>.Run(ref packet, _context);
        }
    }

    /// <summary>Gives the memory back.</summary>
    public void Free()
    {
        _umem.Dispose();
        _memory.Dispose();
    }

    private void Begin()
    {
        _context.Begin(_tables, _tables.IPv4, 1);
        _context.Flows.Expire(1, 32);
        _context.Flows.Quiescent();
    }
}
