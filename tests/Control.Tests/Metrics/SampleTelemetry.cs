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
        snapshot.Rejects.Add(new RejectSample("ServiceNoEndpoints", "icmp", 6));
        snapshot.Rejects.Add(new RejectSample("ConnectionOrphaned", "rst", 7));
        snapshot.Pressures.Add(new PressureSample("conntrack", 65536, 262144));
        snapshot.Pressures.Add(new PressureSample("nat-ports", 16384, 16384));
        snapshot.Pressures.Add(new PressureSample("uplink-frontends", 0, 0));
        snapshot.Workers.Add(new WorkerSample
        {
            Worker = "0", RxPackets = 1900, Batches = 60, Sleeps = 20, BusyNanoseconds = 1_250_000_000, Kicks = 70, SegmentedPackets = 21, Segments = 900,
            CoalescedPackets = 22, CoalescedSegments = 880,
        });
        snapshot.Frames = new FrameSample(16384, 12000, 4096, 100, 100, 88);
        snapshot.Conntrack = new ConntrackSample(42, 262144, 100, 50, 5, 3);
        snapshot.NatPorts = new NatPortSample(16384 + 100, 16384, 16384, 1024);
        snapshot.Tables = new TableSample(3, 1, 2, 6, 4, 5, 7, 2, 1);
        snapshot.Generation = 9;
        snapshot.LastSyncTime = 1_700_000_000.5;
        snapshot.SyncsApplied = 9;
        snapshot.SyncsRefused = 1;
        snapshot.FlowEventsLost = 11;
    }
}
