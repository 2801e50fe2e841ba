using Xdp.Interop;

namespace Dataplane.Control.Apply;

/// <summary>
/// Which slots of a program's socket map each device has: as many in a row as it has queues, because the program adds the queue to the
/// device's first slot. Pure; one caller at a time.
/// </summary>
/// <param name="room">Slots of the map.</param>
internal sealed class SlotRanges(int room)
{
    private readonly SortedList<uint, uint> _taken = []; // first slot -> count

    /// <summary>Takes the first gap that is large enough.</summary>
    /// <returns>Its first slot.</returns>
    /// <exception cref="XdpException">There is none.</exception>
    public uint Take(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        uint slot = 0;
        foreach (var (first, taken) in _taken)
        {
            if (first - slot >= (uint)count) break;
            slot = first + taken;
        }
        if (slot + (long)count > room)
            throw new XdpException($"find {count} slots in a row for sockets", Errno.ENOSPC, $"there are {room} for all queues of all devices; give the device fewer queues (ethtool -L)");
        _taken.Add(slot, (uint)count);
        return slot;
    }

    /// <summary>Gives back what <see cref="Take"/> returned.</summary>
    public void Return(uint first) => _taken.Remove(first);
}
