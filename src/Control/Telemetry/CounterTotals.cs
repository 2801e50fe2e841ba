using System.Diagnostics;
using Dataplane.Workers;

namespace Dataplane.Control.Telemetry;

/// <summary>Sums of what the workers count.</summary>
internal static class CounterTotals
{
    private static readonly DropReason[] Reasons = [.. Enum.GetValues<DropReason>().Where(r => r != DropReason.None)];
    private static readonly TrafficDirection[] Directions = Enum.GetValues<TrafficDirection>();

    /// <summary>Drops of which the senders were told, by reason and as what: those for which that is usual, and others where it happened.</summary>
    public static IEnumerable<(DropReason Reason, string Answer, ulong Packets)> Rejects(DataplaneEngine engine)
    {
        foreach (var reason in Reasons)
        {
            ulong packets = 0;
            foreach (var worker in engine.Workers) packets += worker.Counters.Rejected(reason);
            if (reason is DropReason.ConntrackNoFlow or DropReason.ConnectionOrphaned) yield return (reason, "rst", packets);
            else if (packets != 0 || reason is DropReason.ServiceNoEndpoints or DropReason.HopLimitExceeded or DropReason.FragmentationNeeded) yield return (reason, "icmp", packets);
        }
    }

    /// <summary>Every reason and direction, also those that never happened.</summary>
    public static IEnumerable<DropTotal> Drops(DataplaneEngine engine)
    {
        foreach (var reason in Reasons)
        {
            foreach (var direction in Directions)
            {
                ulong packets = 0, bytes = 0;
                foreach (var worker in engine.Workers)
                {
                    packets += worker.Counters.Dropped(reason, direction);
                    bytes += worker.Counters.DroppedBytes(reason, direction);
                }
                yield return new DropTotal(reason, direction, packets, bytes);
            }
        }
    }

    /// <summary>Time a worker has worked.</summary>
    public static ulong BusyNanoseconds(Worker worker) => (ulong)(worker.Counters.BusyTicks * (1e9 / Stopwatch.Frequency));

    /// <summary>Packets and bytes of one reason and direction.</summary>
    internal readonly record struct DropTotal(DropReason Reason, TrafficDirection Direction, ulong Packets, ulong Bytes);
}
