using Dataplane.Agent.Desired;

namespace Dataplane.Agent.Telemetry;

/// <summary>Changes of objects that the dataplane does not have yet.</summary>
internal sealed class PendingChanges
{
    // A dataplane that stays away must not fill the memory with times.
    private const int MostTriggers = 1 << 16;

    private readonly List<DateTimeOffset> _triggers = [];

    /// <summary>When the oldest of them came; null: there are none.</summary>
    public DateTimeOffset? Since { get; private set; }

    /// <summary>Services changed.</summary>
    public int Services { get; private set; }

    /// <summary>EndpointSlices changed.</summary>
    public int EndpointSlices { get; private set; }

    /// <summary>When what caused them happened.</summary>
    public IReadOnlyList<DateTimeOffset> Triggers => _triggers;

    /// <summary>Adds the changes of a state.</summary>
    public void Add(StateChanges changes, DateTimeOffset now)
    {
        Since ??= now;
        Services += changes.Services;
        EndpointSlices += changes.EndpointSlices;
        _triggers.AddRange(changes.Triggers.Take(MostTriggers - _triggers.Count));
    }

    /// <summary>Takes over those of another, which are newer, and leaves it empty.</summary>
    public void TakeFrom(PendingChanges newer)
    {
        if (newer.Since is { } since)
            Add(new StateChanges(newer.Services, newer.EndpointSlices, newer.Triggers), since);
        newer.Clear();
    }

    /// <summary>Notes that the dataplane lacks something, though no object changed.</summary>
    public void Mark(DateTimeOffset now) => Since ??= now;

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        Since = null;
        Services = EndpointSlices = 0;
        _triggers.Clear();
    }
}
