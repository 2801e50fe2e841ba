using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Dataplane.Conntrack;
using Dataplane.Contracts.V1;
using Dataplane.Control.Compile;
using Dataplane.Packets;
using Dataplane.Tables;
using Dataplane.Workers;
using Service = Dataplane.Contracts.V1.Service;

namespace Dataplane.Control.Apply;

/// <summary>
/// Which endpoints clients of services with affinity are to keep (K19), from one process to the next. A service's number is a process's own;
/// the next one finds the service by one of its frontends, once it has been sent the services.
/// </summary>
internal sealed class AffinityHandover<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private readonly List<Note> _notes = [];

    [StructLayout(LayoutKind.Sequential)]
    private struct Note
    {
        public TAddress Client, Frontend, Endpoint;
        public ushort FrontendPort, EndpointPort; // host byte order
        public uint Protocol;
        public uint Idle; // seconds since the client's last new connection, when this process started
    }

    /// <summary>Forgets what was read.</summary>
    public void Clear() => _notes.Clear();

    /// <summary>Reads what was written.</summary>
    /// <param name="from">From where.</param>
    /// <param name="away">Seconds since then.</param>
    /// <exception cref="InvalidDataException">It is another version's.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public void Read(BinaryReader from, uint away)
    {
        Note note = default;
        var bytes = MemoryMarshal.AsBytes(new Span<Note>(ref note));
        int size = from.ReadInt32(), count = from.ReadInt32();
        if (size != bytes.Length) throw new InvalidDataException($"clients of {size} bytes, where {bytes.Length} are known");
        for (int i = 0; i < count; i++)
        {
            from.BaseStream.ReadExactly(bytes);
            note.Idle = (uint)Math.Min((ulong)note.Idle + away, int.MaxValue / 2);
            _notes.Add(note);
        }
    }

    /// <summary>Writes what this process knows, and what it has read and not yet settled.</summary>
    /// <param name="to">Where to.</param>
    /// <param name="affinity">Which endpoints clients had.</param>
    /// <param name="tables">The services in force.</param>
    /// <param name="services">The same as they were sent.</param>
    /// <param name="now">Coarse clock, seconds.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(BinaryWriter to, AffinityTable<TAddress> affinity, ServiceTable<TAddress> tables, IEnumerable<Service> services, uint now)
    {
        var frontends = FrontendsById(tables, services);
        var notes = _notes.Select(note => note with { Idle = note.Idle + (now - CoarseClock.First) }).ToList();
        affinity.ForEach((client, service, backend, seen) =>
        {
            if (!frontends.TryGetValue(service, out var frontend)) return;
            notes.Add(new Note
            {
                Client = client,
                Frontend = frontend.Address,
                Endpoint = backend.Address,
                FrontendPort = frontend.Port,
                EndpointPort = backend.Port.Value,
                Protocol = frontend.Protocol,
                Idle = (uint)Math.Max(0, (int)(now - seen)),
            });
        });
        to.Write(Unsafe.SizeOf<Note>());
        to.Write(notes.Count);
        to.Write(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(notes)));
    }

    /// <summary>The services are there: has clients keep what they had, for as long as they would have.</summary>
    /// <param name="affinity">Which endpoints clients have.</param>
    /// <param name="tables">The services in force.</param>
    /// <param name="now">Coarse clock, seconds.</param>
    public void Settle(AffinityTable<TAddress> affinity, ServiceTable<TAddress> tables, uint now)
    {
        foreach (var note in _notes.OrderByDescending(note => note.Idle)) // where there is no room for all, for those that were here last
        {
            uint seen = CoarseClock.First - note.Idle;
            if (!tables.TryFind(note.Frontend, (byte)note.Protocol, note.FrontendPort, out var frontend) || (int)(now - seen) >= frontend.Service.AffinitySeconds) continue;
            affinity.Remember(note.Client, frontend.Service.Id, new Backend<TAddress>(note.Endpoint, Be16.FromHost(note.EndpointPort)), seen);
        }
        _notes.Clear();
    }

    private static Dictionary<uint, Frontend<TAddress>> FrontendsById(ServiceTable<TAddress> tables, IEnumerable<Service> services)
    {
        var frontends = new Dictionary<uint, Frontend<TAddress>>();
        foreach (var service in services.Where(s => s.AffinitySeconds != 0))
        {
            foreach (var frontend in service.Frontends)
            {
                TAddress address = default; // of every address of the node
                if (frontend.Address.Length > 0 && !TAddress.TryParse(frontend.Address, out address)) continue;
                if (tables.TryFind(address, TableCompiler.ProtocolNumber(service.Protocol), (ushort)frontend.Port, out var found)) frontends.TryAdd(found.Service.Id, found);
            }
        }
        return frontends;
    }
}
