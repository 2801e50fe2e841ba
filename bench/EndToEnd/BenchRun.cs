using Dataplane.Bench.EndToEnd.Measure;
using Dataplane.Bench.EndToEnd.Paths;
using Dataplane.Bench.EndToEnd.Report;
using Dataplane.Bench.EndToEnd.Workloads;
using Dataplane.Testing;

namespace Dataplane.Bench.EndToEnd;

/// <summary>Builds the contenders, measures them in alternation, reports.</summary>
public sealed class BenchRun(BenchOptions options, TextWriter output)
{
    private const int MaxRepeats = 2;
    private readonly List<Measurement> _measurements = [];

    /// <summary>The exit code: 0, or 1 when a measurement failed.</summary>
    public int Run(CancellationToken cancel)
    {
        var started = DateTimeOffset.UtcNow;
        var machine = MachineFacts.Read();
        if (options.Side != "kernel")
        {
            OurPath.RequirePrograms();
        }

        using var scope = new BenchScope(cancel);
        var contenders = Contenders(scope);
        foreach (var path in contenders.Select(c => c.Path).Distinct())
        {
            path.Build(options.Services);
            output.WriteLine(FormattableString.Invariant(
                $"{path.Name}: two nodes, six pods, {options.Services} extra services; programmed in {path.ProgrammingSeconds:F2} s"));
        }

        WarmUp(contenders, scope);
        var idle = Idle(contenders, scope);
        for (var round = 1; round <= options.Rounds; round++)
        {
            Round(round, contenders, scope);
        }

        var rows = Summary.Of(_measurements);
        TableReport.Write(output, machine, rows, _measurements);
        output.WriteLine(FormattableString.Invariant($"\ntook {(DateTimeOffset.UtcNow - started).TotalSeconds:F0} s"));
        if (options.JsonFile is not null)
        {
            var programming = contenders.Select(c => c.Path).Distinct().ToDictionary(p => p.Name, p => p.ProgrammingSeconds);
            new JsonReport(1, started, (DateTimeOffset.UtcNow - started).TotalSeconds, machine, options, programming, idle, rows, _measurements)
                .Write(options.JsonFile);
        }

        return _measurements.Any(m => m.Error is not null) ? 1 : 0;
    }

    private List<Contender> Contenders(BenchScope scope)
    {
        var contenders = new List<Contender>();
        if (options.Side != "kernel")
        {
            contenders.Add(new Contender(Contender.Ours, new OurPath("ours", scope)));
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
                contenders.Add(new Contender(name + " pod-tso-off", path) { RemoteStreamsOnly = true, Switch = on => path.SetPodSegmentation(!on) });
                contenders.Add(new Contender(name + " nic-tso-off", path) { RemoteStreamsOnly = true, Switch = on => path.SetUplinkSegmentation(!on) });
            }
        }

        return contenders;
    }

    // Code is compiled, caches and neighbour tables are filled: a node that has run for a second is nobody's case.
    private void WarmUp(List<Contender> contenders, BenchScope scope)
    {
        foreach (var path in contenders.Select(c => c.Path).Distinct())
        {
            foreach (var remote in Journeys())
            {
                foreach (var workload in Workload.All.Where(w => w.Id is "tcp1" or "connect"))
                {
                    try
                    {
                        workload.Run(scope, path.Journey(remote), 1, (_, _) => { });
                    }
                    catch (BenchException e)
                    {
                        // The measurements will fail in their own lines; the other contender still gets its figures.
                        output.WriteLine($"warm-up of {path.Name}, {workload.Id}: {e.Message}");
                    }
                }
            }
        }
    }

    private IEnumerable<bool> Journeys() => ((bool[])[false, true]).Where(remote => options.Topology != (remote ? "one" : "two"));

    // What our processes burn when nothing flows: the kernel's own path burns nothing, and the kernel is measured beside them.
    private Dictionary<string, double> Idle(List<Contender> contenders, BenchScope scope)
    {
        var processes = contenders.SelectMany(c => c.Path.DataplaneProcesses).Distinct().ToList();
        if (processes.Count == 0)
        {
            return [];
        }

        using var window = new CpuWindow(processes, processes);
        scope.Sleep(TimeSpan.FromSeconds(1));
        var use = window.Stop();
        var shares = use.Cores.GroupBy(c => c.Process).ToDictionary(g => g.Key, g => g.Sum(c => c.Share));
        output.WriteLine(FormattableString.Invariant($"idle: our processes use {use.Dataplane / use.WallSeconds * 100:F0} % of a core: ")
            + string.Join(", ", processes.Select(p => FormattableString.Invariant($"{p.Name} {shares.GetValueOrDefault(p.Name) * 100:F0}"))));
        return shares;
    }

    private void Round(int round, List<Contender> contenders, BenchScope scope)
    {
        // Forward, then backward: neither side is always the one that runs on a machine warmed up by the other.
        var order = round % 2 == 1 ? contenders : Enumerable.Reverse(contenders).ToList();
        foreach (var remote in Journeys())
        {
            foreach (var workload in Workload.All.Where(w => options.Only.Contains(w.Id)))
            {
                foreach (var contender in order.Where(c => !c.RemoteStreamsOnly || (remote && workload is TcpStream)))
                {
                    var measurement = Measure(round, contender, workload, contender.Path.Journey(remote), scope);
                    _measurements.Add(measurement);
                    output.WriteLine(Line(measurement));
                }
            }
        }
    }

    private Measurement Measure(int round, Contender contender, Workload workload, Journey journey, BenchScope scope)
    {
        for (var repeats = 0; ; repeats++)
        {
            var measured = MeasureOnce(round, contender, workload, journey, scope) with { Repeats = repeats };
            if (repeats == MaxRepeats || measured.Cpu is null || measured.Cpu.Noise <= options.MaxNoise)
            {
                return measured;
            }

            output.WriteLine(Line(measured) + "; again");
        }
    }

    private Measurement MeasureOnce(int round, Contender contender, Workload workload, Journey journey, BenchScope scope)
    {
        var path = contender.Path;
        try
        {
            path.ForgetFlows();
            contender.Switch?.Invoke(true);
            try
            {
                using var window = new CpuWindow(scope.Servers, path.DataplaneProcesses);
                var result = workload.Run(scope, journey, options.Seconds, window.Add);
                var cpu = window.Stop();
                return new Measurement(
                    round, journey.Label, workload.Id, contender.Name, result.Values, result.Notes, result.Work, workload.WorkUnit, cpu, 0, null);
            }
            finally
            {
                contender.Switch?.Invoke(false);
            }
        }
        catch (Exception e) when (e is BenchException or CommandException)
        {
            return new Measurement(
                round, journey.Label, workload.Id, contender.Name, new Dictionary<string, double>(), null, 0, workload.WorkUnit, null, 0, e.Message);
        }
    }

    private static string Line(Measurement m) => FormattableString.Invariant(
        $"round {m.Round}  {m.Journey,-16} {m.Workload,-10}{m.Contender,-22}")
        + (m.Error is null
            ? string.Join("  ", m.Values.Select(v => FormattableString.Invariant($"{v.Key} {v.Value:G5}")))
                + string.Concat(m.Notes?.Select(n => FormattableString.Invariant($"  {n.Key} {n.Value:G4}")) ?? [])
                + FormattableString.Invariant($"  busy {m.Cpu!.Busy / m.Cpu.WallSeconds:F2} cores, noise {m.Cpu.Noise * 100:F0}%")
            : "FAILED: " + m.Error);
}
