using System.Runtime.InteropServices;

namespace Dataplane.Conntrack;

/// <summary>First bytes of the table's memory: they tell a table from new memory, and what the rest of it is. Host byte order.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 8)]
internal struct ConntrackHeader
{
    /// <summary>Bytes in the table's memory; the rest of the first page is reserved.</summary>
    public const int Size = 40;

    /// <summary>"DPCTRK01" as bytes.</summary>
    public const ulong ExpectedMagic = 0x31304b5254435044;

    public ulong Magic;

    /// <summary>Secret of the hash of tuples.</summary>
    public ulong Seed;

    /// <summary><see cref="ConntrackEntry{TAddress}.LayoutVersion"/>.</summary>
    public uint LayoutVersion;

    /// <summary>Bytes of an entry: tells the address families apart.</summary>
    public uint EntrySize;

    /// <summary>Number of entries.</summary>
    public uint Capacity;

    /// <summary>Number of buckets of the index.</summary>
    public uint Buckets;

    /// <summary>Number of workers the lists are laid out for.</summary>
    public uint Workers;

    private readonly uint _reserved;
}
