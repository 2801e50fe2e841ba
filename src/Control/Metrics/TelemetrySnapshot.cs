namespace Dataplane.Control.Metrics;

/// <summary>What a scrape shows of the dataplane. Filled anew for each scrape; the lists keep their memory.</summary>
public sealed class TelemetrySnapshot
{
    /// <summary>Ports, one sample per name and queue.</summary>
    public List<PortSample> Ports { get; } = [];

    /// <summary>Drops, one sample per reason and direction. Show reasons that never happened too, so that rates can be taken.</summary>
    public List<DropSample> Drops { get; } = [];

    /// <summary>Drops of which the sender was told, one sample per reason for which that happens.</summary>
    public List<RejectSample> Rejects { get; } = [];

    /// <summary>How full the tables of fixed size are.</summary>
    public List<PressureSample> Pressures { get; } = [];

    /// <summary>Workers.</summary>
    public List<WorkerSample> Workers { get; } = [];

    /// <summary>Frame accounting.</summary>
    public FrameSample Frames { get; set; }

    /// <summary>The connection table.</summary>
    public ConntrackSample Conntrack { get; set; }

    /// <summary>Source ports of masqueraded connections.</summary>
    public NatPortSample NatPorts { get; set; }

    /// <summary>Sizes of the config tables.</summary>
    public TableSample Tables { get; set; }

    /// <summary>Generation of the state in force; 0: none was ever received.</summary>
    public ulong Generation { get; set; }

    /// <summary>When it was applied, Unix time in seconds; 0: never.</summary>
    public double LastSyncTime { get; set; }

    /// <summary>Syncs and updates that were applied.</summary>
    public ulong SyncsApplied { get; set; }

    /// <summary>Syncs and updates that were refused.</summary>
    public ulong SyncsRefused { get; set; }

    /// <summary>Flow events lost because their reader was too slow.</summary>
    public ulong FlowEventsLost { get; set; }

    /// <summary>Empties the lists and zeroes the rest.</summary>
    public void Clear()
    {
        Ports.Clear();
        Drops.Clear();
        Rejects.Clear();
        Pressures.Clear();
        Workers.Clear();
        Frames = default;
        Conntrack = default;
        NatPorts = default;
        Tables = default;
        Generation = SyncsApplied = SyncsRefused = FlowEventsLost = 0;
        LastSyncTime = 0;
    }
}
