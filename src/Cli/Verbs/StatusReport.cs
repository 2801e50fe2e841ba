using System.Globalization;
using Dataplane.Cli.Output;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Verbs;

/// <summary>Status for people: one line per subject, then a table per kind of thing.</summary>
internal static class StatusReport
{
    private const int LabelWidth = 13, DetailWidth = 80; // characters

    /// <summary>Writes the report.</summary>
    public static void Write(Status status, TextWriter output)
    {
        Line(output, "Node", status.NodeName);
        Sentence(output, "State", status.Ready ? "ready" : $"NOT READY: {status.NotReadyReason}");
        Line(output, "Generation", status.Generation == 0
            ? "none: no state has come from the agent yet"
            : $"{status.Generation}, synced {Words.Duration(status.SecondsSinceSync)} ago");
        Line(output, "Uptime", Words.Duration(status.UptimeSeconds));
        if (status.Version is { } version)
            Line(output, "Version", $"{version.Version_} ({version.Runtime}, kernel {version.Kernel})");
        if (status.Tables is { } tables)
            WriteTables(tables, status.NatPorts, output);
        if (status.Frames is { } frames)
            Line(output, "Frames", $"{frames.Total} of {frames.FrameSize} bytes: {frames.Free} free, {frames.Fill} in fill rings, " +
                $"{frames.Receive} received, {frames.Transmit} in transmit, {frames.Held} held");
        foreach (string problem in status.Problems)
            Sentence(output, "Problem", problem);
        WriteFeatures(status, output);
        WriteWorkers(status, output);
        if (status.Ports.Count > 0)
        {
            output.Write('\n');
            PortVerb.Table(status.Ports).WriteTo(output);
        }
    }

    private static void WriteTables(Status.Types.Tables tables, Status.Types.NatPorts? ports, TextWriter output)
    {
        Line(output, "Tables", $"{tables.Endpoints} endpoints, {tables.Services} services, {tables.Backends} backends, " +
            $"{tables.Policies} policies, {tables.Identities} identities, {tables.Ipcache} prefixes, {tables.Nodes} nodes");
        Line(output, "Conntrack", $"{tables.ConntrackEntries} of {tables.ConntrackCapacity} entries " +
            $"({Words.Percent(tables.ConntrackEntries, tables.ConntrackCapacity)})" +
            (tables.ConntrackCapacityV6 == 0 ? "" : $", of IPv6 {tables.ConntrackEntriesV6} of {tables.ConntrackCapacityV6}"));
        if (ports is not null)
            Line(output, "NAT", $"{NatPortUse.Of(ports)}, {ports.Used} in all");
        if (tables.AffinityCapacity > 0)
            Line(output, "Affinity", $"{tables.AffinityClients} of {tables.AffinityCapacity} clients ({Words.Percent(tables.AffinityClients, tables.AffinityCapacity)})");
        if (tables.UplinkFrontendsCapacity > 0)
            Line(output, "Frontends", $"{tables.UplinkFrontends} of {tables.UplinkFrontendsCapacity} served to clients from outside " +
                $"({Words.Percent(tables.UplinkFrontends, tables.UplinkFrontendsCapacity)})");
    }

    private static void WriteFeatures(Status status, TextWriter output)
    {
        if (status.Features.Count == 0)
            return;
        output.Write('\n');
        var table = new TextTable("FEATURE", "AVAILABLE", "IN USE");
        foreach (var feature in status.Features)
            table.Add(feature.Name, feature.Available ? "yes" : "no", Words.OrDash(Words.Wrap(feature.Detail, DetailWidth)));
        table.WriteTo(output);
    }

    private static void WriteWorkers(Status status, TextWriter output)
    {
        if (status.Workers.Count == 0)
            return;
        output.Write('\n');
        var table = new TextTable("WORKER", "CPU", "RX PACKETS", "BATCHES", "PACKETS/BATCH", "SLEEPS", "BUSY");
        foreach (var worker in status.Workers)
            table.Add(
                $"{worker.Id}",
                worker.Cpu < 0 ? "any" : $"{worker.Cpu}",
                $"{worker.RxPackets}",
                $"{worker.Batches}",
                worker.Batches == 0 ? "-" : string.Create(CultureInfo.InvariantCulture, $"{(double)worker.RxPackets / worker.Batches:0.0}"),
                $"{worker.Sleeps}",
                Words.Duration(worker.BusyNanoseconds / 1e9));
        table.WriteTo(output);
    }

    private static void Line(TextWriter output, string subject, string text) =>
        output.Write($"{subject + ":",-LabelWidth}{text}\n");

    /// <summary>A line whose text is for people alone, and may be long.</summary>
    private static void Sentence(TextWriter output, string subject, string text) =>
        Line(output, subject, Words.Wrap(text, Words.LineWidth - LabelWidth, LabelWidth));
}
