using Dataplane.Control.Metrics;

namespace Dataplane.Control.Tests.Metrics;

/// <summary>Telemetry with every field set, and with names that need escaping.</summary>
internal sealed class SampleTelemetry : ITelemetrySource
{
    public void Read(TelemetrySnapshot snapshot)
    {
        snapshot.Ports.Add(new PortSample
        {
            Name = "eth1", Kind = "uplink", Queue = "0", XdpMode = "native", BindMode = "copy", RxPackets = 1000, RxBytes = 1_500_000, TxPackets = 900,
            TxBytes = 1_400_000, RxDropped = 1, RxRingFull = 2, FillRingEmpty = 3, TxErrors = 4,
        });
        snapshot.Ports.Add(new PortSample { Name = "we\"ird\\name", Kind = "pod", Queue = "0", RxPackets = ulong.MaxValue });
        snapshot.Drops.Add(new DropSample("PolicyDenied", "ingress", 17, 1700));
        snapshot.Drops.Add(new DropSample("VniUnknown", "none", 0, 0));
        snapshot.Workers.Add(new WorkerSample("0", 1900, 60, 20, 1_250_000_000));
        snapshot.Frames = new FrameSample(16384, 12000, 4096, 100, 100, 88);
        snapshot.Conntrack = new ConntrackSample(42, 262144, 100, 50, 5, 3);
        snapshot.Tables = new TableSample(3, 1, 2, 6, 4, 5, 7, 2);
        snapshot.Generation = 9;
        snapshot.LastSyncTime = 1_700_000_000.5;
        snapshot.SyncsApplied = 9;
        snapshot.SyncsRefused = 1;
        snapshot.FlowEventsLost = 11;
    }
}
