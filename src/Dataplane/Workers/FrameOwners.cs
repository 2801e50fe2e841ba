using Xdp.Interop;

namespace Dataplane.Workers;

/// <summary>
/// Which port's kernel side holds each frame; 0 for none. Needed for the day a port goes: frames that its kernel side took and never
/// gave back can only be found here. Each frame is in one hand at a time, so entries have one writer at a time.
/// </summary>
public sealed class FrameOwners(int frameCount)
{
    private readonly ushort[] _owners = new ushort[frameCount];

    /// <summary>Notes that the frame that holds this address is with a port, or with nobody.</summary>
    internal void Set(ulong address, ushort port) => _owners[Umem.FrameIndex(address)] = port;

    /// <summary>Returns all frames of a port to the pool. Cold: one pass over the table.</summary>
    internal void Reclaim(ushort port, FramePool pool)
    {
        for (int i = 0; i < _owners.Length; i++)
        {
            if (_owners[i] != port) continue;
            _owners[i] = 0;
            pool.Return((ulong)i * Umem.FrameSize);
        }
    }
}
