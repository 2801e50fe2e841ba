using Dataplane.Bench.EndToEnd.Measure;
using Dataplane.Bench.EndToEnd.Namespaces;
using Dataplane.Bench.EndToEnd.Paths;
using Dataplane.Bench.EndToEnd.Report;
using Dataplane.Bench.EndToEnd.Workloads;

namespace Dataplane.Bench.EndToEnd;

/// <summary>Builds the contenders, measures them in alternation, reports.</summary>
public sealed class BenchRun(BenchOptions options, TextWriter output)
{
    private const int MaxRepeats = 2;
    private readonly List<Measurement> _measurements = [];

    /// <summary>The exit code: 0, or 1 when a measurement failed.</summary>
    public async Task<int> RunAsync(CancellationToken cancel)
    {
        var started = DateTimeOffset.UtcNow;
        var machine = MachineFacts.Read();
        if (options.Side != "kernel")
        {
            OurPath.RequireBinaries(options.Binaries);
        }

        await using var scope = await RunScope.OpenAsync(cancel);
        var contenders = Contenders(scope);
        foreach (var path in contenders.Select(c => c.Path).Distinct())
        {
            await path.BuildAsync(options.Services, cancel);
            await output.WriteLineAsync(FormattableString.Invariant(
                $"{path.Name}: two nodes, six pods, {options.Services} extra services; programmed in {path.ProgrammingSeconds:F2} s"));
        }

        var idle = await IdleAsync(contenders, cancel);
        for (var round = 1; round <= options.Rounds; round++)
        {
            await RoundAsync(round, contenders, scope, cancel);
        }

        var rows = Summary.Of(_measurements);
        TableReport.Write(output, machine, rows, _measurements);
        await output.WriteLineAsync(FormattableString.Invariant($"\ntook {(DateTimeOffset.UtcNow - started).TotalSeconds:F0} s"));
        if (options.JsonFile is not null)
        {
            var programming = contenders.Select(c => c.Path).Distinct().ToDictionary(p => p.Name, p => p.ProgrammingSeconds);
            new JsonReport(1, started, (DateTimeOffset.UtcNow - started).TotalSeconds, machine, options, programming, idle, rows, _measurements)
                .Write(options.JsonFile);
        }

        return _measurements.Any(m => m.Error is not null) ? 1 : 0;
    }

    private List<Contender> Contenders(RunScope scope)
    {
        var contenders = new List<Contender>();
        if (options.Side != "kernel")
        {
            contenders.Add(new Contender(Contender.Ours, new OurPath("ours", scope, options.Binaries)));
        }

        foreach (var peer in options.Side == "ours" ? [] : options.Peers)
        {
            var name = peer switch
            {
                KernelServices.Iptables => "kernel", KernelServices.IptablesLegacy => "kernel-legacy", _ => "kernel-nft",
            };
            var path = new KernelPath(name, scope, peer);
            contenders.Add(new Contender(name, path));
            if (peer == options.Peers[0])
            {
                contenders.Add(new Contender(name + " pod-tso-off", path) { RemoteStreamsOnly = true, Switch = (on, c) => path.SetPodSegmentationAsync(!on, c) });
                contenders.Add(new Contender(name + " nic-tso-off", path) { RemoteStreamsOnly = true, Switch = (on, c) => path.SetUplinkSegmentationAsync(!on, c) });
            }
        }

        return contenders;
    }

    // What our processes burn when nothing flows: the kernel's own path burns nothing, and the kernel is measured beside them.
    private async Task<IReadOnlyDictionary<string, double>> IdleAsync(List<Contender> contenders, CancellationToken cancel)
    {
        var processes = contenders.SelectMany(c => c.Path.DataplaneProcesses).Distinct().ToList();
        if (processes.Count == 0)
        {
            return new Dictionary<string, double>();
        }

        var window = new CpuWindow(processes.Select(p => (p.Name, p.Id)), processes.Select(p => p.Id));
        await Task.Delay(TimeSpan.FromSeconds(1), cancel);
        var use = await window.StopAsync();
        var shares = use.Cores.GroupBy(c => c.Process).ToDictionary(g => g.Key, g => g.Sum(c => c.Share));
        await output.WriteLineAsync(FormattableString.Invariant($"idle: our processes use {use.Dataplane / use.WallSeconds * 100:F0} % of a core"));
        return shares;
    }

    private async Task RoundAsync(int round, List<Contender> contenders, RunScope scope, CancellationToken cancel)
    {
        // Forward, then backward: neither side is always the one that runs on a machine warmed up by the other.
        var order = round % 2 == 1 ? contenders : Enumerable.Reverse(contenders).ToList();
        foreach (var remote in (bool[])[false, true])
        {
            if (options.Topology == (remote ? "one" : "two"))
            {
                continue;
            }

            foreach (var workload in Workload.All.Where(w => options.Only.Contains(w.Id)))
            {
                foreach (var contender in order.Where(c => !c.RemoteStreamsOnly || (remote && workload is TcpStream)))
                {
                    var measurement = await MeasureAsync(round, contender, workload, contender.Path.Journey(remote), scope, cancel);
                    _measurements.Add(measurement);
                    await output.WriteLineAsync(Line(measurement));
                }
            }
        }
    }

    private async Task<Measurement> MeasureAsync(
        int round, Contender contender, Workload workload, Journey journey, RunScope scope, CancellationToken cancel)
    {
        for (var repeats = 0; ; repeats++)
        {
            var measured = await MeasureOnceAsync(round, contender, workload, journey, scope, cancel) with { Repeats = repeats };
            if (repeats == MaxRepeats || measured.Cpu is null || measured.Cpu.Noise <= options.MaxNoise)
            {
                return measured;
            }

            await output.WriteLineAsync(Line(measured) + "; again");
        }
    }

    private async Task<Measurement> MeasureOnceAsync(
        int round, Contender contender, Workload workload, Journey journey, RunScope scope, CancellationToken cancel)
    {
        var path = contender.Path;
        try
        {
            await path.ForgetFlowsAsync(cancel);
            await (contender.Switch?.Invoke(true, cancel) ?? Task.CompletedTask);
            var window = new CpuWindow(scope.Processes.Select(p => (p.Name, p.Id)), path.DataplaneProcesses.Select(p => p.Id));
            WorkloadResult? result = null;
            CpuUse cpu;
            try
            {
                result = await workload.RunAsync(journey, options.Seconds, window.Add, cancel);
            }
            finally
            {
                cpu = await window.StopAsync();
                await (contender.Switch?.Invoke(false, CancellationToken.None) ?? Task.CompletedTask);
            }

            return new Measurement(
                round, journey.Label, workload.Id, contender.Name, result.Values, result.Notes, result.Work, workload.WorkUnit, cpu, 0, null);
        }
        catch (BenchException e)
        {
            return new Measurement(
                round, journey.Label, workload.Id, contender.Name, new Dictionary<string, double>(), null, 0, workload.WorkUnit, null, 0, e.Message);
        }
    }

    private static string Line(Measurement m) => FormattableString.Invariant(
        $"round {m.Round}  {m.Journey,-16} {m.Workload,-10}{m.Contender,-22}")
        + (m.Error is null
            ? string.Join("  ", m.Values.Select(v => FormattableString.Invariant($"{v.Key} {v.Value:G5}")))
                + FormattableString.Invariant($"  busy {m.Cpu!.Busy / m.Cpu.WallSeconds:F2} cores, noise {m.Cpu.Noise * 100:F0}%")
            : "FAILED: " + m.Error);
}
