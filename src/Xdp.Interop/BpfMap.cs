using System.Runtime.InteropServices;
using System.Text;
using Xdp.Interop.Native;

namespace Xdp.Interop;

/// <summary>
/// One map of a loaded <see cref="XdpProgram"/>, which owns it. Keys and values are plain structs of exactly the map's sizes; numbers are in
/// host order unless the BPF source says otherwise. Any thread.
/// </summary>
public sealed unsafe class BpfMap
{
    private readonly BpfObjectHandle _owner;
    private readonly int _fd;

    internal BpfMap(BpfObjectHandle owner, nint map)
    {
        _owner = owner;
        _fd = LibBpf.bpf_map__fd(map);
        Name = Encoding.ASCII.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(LibBpf.bpf_map__name(map)));
        KeySize = (int)LibBpf.bpf_map__key_size(map);
        ValueSize = (int)LibBpf.bpf_map__value_size(map);
        MaxEntries = (int)LibBpf.bpf_map__max_entries(map);
    }

    /// <summary>The map's name in the BPF source.</summary>
    public string Name { get; }

    /// <summary>Bytes of a key.</summary>
    public int KeySize { get; }

    /// <summary>Bytes of a value; of one CPU's value in a per-CPU map.</summary>
    public int ValueSize { get; }

    /// <summary>Entries the map can hold.</summary>
    public int MaxEntries { get; }

    /// <summary>The map's descriptor, to hand to a successor process; it belongs to the program.</summary>
    public int Fd => _fd;

    /// <summary>Writes an entry, new or existing. In an XSKMAP the value is a socket's <see cref="XskSocket.Fd"/>.</summary>
    /// <exception cref="XdpException">E2BIG: the map is full or the index is beyond its end.</exception>
    public void Update<TKey, TValue>(TKey key, TValue value) where TKey : unmanaged where TValue : unmanaged
    {
        Check<TKey>(KeySize, "key");
        Check<TValue>(ValueSize, "value");
        Errno error = LibBpf.ErrorOf(LibBpf.bpf_map_update_elem(_fd, &key, &value, 0));
        if (error != Errno.None)
            throw Failure("bpf_map_update_elem", error, error == Errno.E2BIG ? $"the map holds at most {MaxEntries} entries" : null);
    }

    /// <summary>Removes an entry.</summary>
    /// <returns>False when there was none.</returns>
    public bool Delete<TKey>(TKey key) where TKey : unmanaged
    {
        Check<TKey>(KeySize, "key");
        Errno error = LibBpf.ErrorOf(LibBpf.bpf_map_delete_elem(_fd, &key));
        return error switch
        {
            Errno.None => true,
            Errno.ENOENT => false,
            _ => throw Failure("bpf_map_delete_elem", error),
        };
    }

    /// <summary>Reads an entry. Not for per-CPU maps, and an XSKMAP cannot be read (EOPNOTSUPP).</summary>
    /// <returns>False when there is none.</returns>
    public bool TryLookup<TKey, TValue>(TKey key, out TValue value) where TKey : unmanaged where TValue : unmanaged
    {
        Check<TKey>(KeySize, "key");
        Check<TValue>(ValueSize, "value");
        value = default;
        fixed (TValue* pointer = &value)
            return Found(LibBpf.ErrorOf(LibBpf.bpf_map_lookup_elem(_fd, &key, pointer)));
    }

    /// <summary>Reads an entry of a per-CPU map of 8-byte counters and adds up all CPUs; 0 when there is no entry.</summary>
    public ulong SumPerCpu<TKey>(TKey key) where TKey : unmanaged
    {
        Check<TKey>(KeySize, "key");
        Check<ulong>(ValueSize, "value");
        ulong[] values = new ulong[PossibleCpus()]; // the kernel writes one 8-byte slot per possible CPU
        fixed (ulong* pointer = values)
        {
            if (!Found(LibBpf.ErrorOf(LibBpf.bpf_map_lookup_elem(_fd, &key, pointer))))
                return 0;
        }
        ulong sum = 0;
        foreach (ulong value in values)
            sum += value;
        return sum;
    }

    /// <summary>All keys at about this moment; entries that come or go meanwhile may be missed.</summary>
    public List<TKey> Keys<TKey>() where TKey : unmanaged
    {
        Check<TKey>(KeySize, "key");
        var keys = new List<TKey>();
        TKey current = default, next = default;
        while (Found(LibBpf.ErrorOf(LibBpf.bpf_map_get_next_key(_fd, keys.Count == 0 ? null : &current, &next))) && keys.Count < MaxEntries)
        {
            keys.Add(next);
            current = next;
        }
        return keys;
    }

    private static int PossibleCpus()
    {
        int count = LibBpf.libbpf_num_possible_cpus();
        return count > 0 ? count : throw new XdpException("libbpf_num_possible_cpus()", LibBpf.ErrorOf(count), "is /sys mounted?");
    }

    private bool Found(Errno error) => error switch
    {
        Errno.None => true,
        Errno.ENOENT => false,
        _ => throw Failure("bpf_map_lookup_elem", error),
    };

    private void Check<T>(int size, string what) where T : unmanaged
    {
        ObjectDisposedException.ThrowIf(_owner.IsClosed, this);
        if (sizeof(T) != size)
            throw new ArgumentException($"{typeof(T).Name} has {sizeof(T)} bytes, but a {what} of map {Name} has {size}.");
    }

    private XdpException Failure(string operation, Errno error, string? remedy = null) => new($"{operation}(map {Name})", error, remedy);
}
