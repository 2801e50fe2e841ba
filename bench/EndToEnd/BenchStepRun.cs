using Dataplane.Bench.EndToEnd.Measure;
using Dataplane.Bench.EndToEnd.Paths;
using Dataplane.Bench.EndToEnd.Report;
using Dataplane.Bench.EndToEnd.Workloads;
using Dataplane.Testing;

namespace Dataplane.Bench.EndToEnd;

/// <summary>One step of a run: builds the contenders, and measures them in alternation.</summary>
internal sealed class BenchStepRun(BenchOptions options, BenchStep step, BenchScope scope, TextWriter output)
{
    private const int MaxRepeats = 2;
    private List<Contender> _contenders = [];

    private IEnumerable<TrafficPath> Paths => _contenders.Select(c => c.Path).Distinct();

    /// <summary>Builds the contenders and carries some traffic that does not count.</summary>
    public List<BuildReport> Build()
    {
        _contenders = Contenders();
        var builds = new List<BuildReport>();
        foreach (var path in Paths)
        {
            var endpoints = path is KernelPath ? options.KernelEndpoints ?? options.Endpoints : options.Endpoints;
            path.Build(step, endpoints);
            var resident = path.DataplaneProcesses.ToDictionary(p => p.Name, p => ProcessMemory.Resident(p.Process.Id));
            builds.Add(new BuildReport(step.Services, path.Endpoints, path.Name, path.ProgrammingSeconds, resident));
            output.WriteLine(Invariant(
                $"{path.Name}: two nodes, six pods, {step.Services} services, {path.Endpoints} endpoints; programmed in {path.ProgrammingSeconds:F2} s")
                + (resident.Count == 0 ? "" : "; resident: " + string.Join(", ", resident.Select(r => Invariant($"{r.Key} {r.Value >> 20} MB"))))
                + (step.Asked > 0 && step.Asked < step.Services ? $" ({step.Asked} asked for, {step.Services} are called)" : ""));
        }

        WarmUp();
        return builds;
    }

    /// <summary>
    /// What our processes burn when nothing flows, as shares of a core: the kernel's own path burns nothing, and the kernel is measured
    /// beside them.
    /// </summary>
    public Dictionary<string, double> Idle()
    {
        var processes = Paths.SelectMany(p => p.DataplaneProcesses).ToList();
        if (processes.Count == 0)
        {
            return [];
        }

        using var window = new CpuWindow(processes, processes);
        scope.Sleep(TimeSpan.FromSeconds(1));
        var use = window.Stop();
        var shares = use.Cores.GroupBy(c => c.Process).ToDictionary(g => g.Key, g => g.Sum(c => c.Share));
        output.WriteLine(Invariant($"idle: our processes use {use.Dataplane / use.WallSeconds * 100:F0} % of a core: ")
            + string.Join(", ", processes.Select(p => Invariant($"{p.Name} {shares.GetValueOrDefault(p.Name) * 100:F0}"))));
        return shares;
    }

    /// <summary>All rounds.</summary>
    public void Measure(List<Measurement> measurements)
    {
        for (var round = 1; round <= options.Rounds; round++)
        {
            // Forward, then backward: neither side is always the one that runs on a machine warmed up by the other.
            var order = round % 2 == 1 ? _contenders : Enumerable.Reverse(_contenders).ToList();
            foreach (var remote in step.Journeys)
            {
                foreach (var workload in Workload.All.Where(w => options.Only.Contains(w.Id)))
                {
                    foreach (var contender in order.Where(c => (remote || !c.RemoteOnly) && (!c.RemoteStreamsOnly || (remote && workload is TcpStream))))
                    {
                        var measurement = MeasureQuietly(round, contender, workload, contender.Path.Journey(remote));
                        measurements.Add(measurement);
                        output.WriteLine(Line(measurement));
                    }
                }
            }
        }
    }

    private List<Contender> Contenders()
    {
        var contenders = new List<Contender>();
        if (options.Side != "kernel")
        {
            contenders.Add(new Contender(Contender.Ours, new OurPath("ours", scope)));
            if (options.Native)
            {
                contenders.Add(new Contender("ours-native", new OurPath("ours-native", scope, "native")) { RemoteOnly = true });
            }
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
    private void WarmUp()
    {
        foreach (var path in Paths)
        {
            foreach (var remote in step.Journeys)
            {
                foreach (var workload in Workload.All.Where(w => w.Id is "tcp1" or "connect" && step.Holds(w, remote)))
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

    private Measurement MeasureQuietly(int round, Contender contender, Workload workload, Journey journey)
    {
        for (var repeats = 0; ; repeats++)
        {
            var measured = MeasureOnce(round, contender, workload, journey) with { Repeats = repeats };
            if (repeats == MaxRepeats || measured.Cpu is null || measured.Cpu.Noise <= options.MaxNoise)
            {
                return measured;
            }

            output.WriteLine(Line(measured) + "; again");
        }
    }

    private Measurement MeasureOnce(int round, Contender contender, Workload workload, Journey journey)
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
                    step.Services, round, journey.Label, workload.Id, contender.Name, result.Values, result.Notes, result.Work, workload.WorkUnit, cpu, 0, null);
            }
            finally
            {
                contender.Switch?.Invoke(false);
            }
        }
        catch (Exception e) when (e is BenchException or CommandException)
        {
            return new Measurement(
                step.Services, round, journey.Label, workload.Id, contender.Name, new Dictionary<string, double>(), null, 0, workload.WorkUnit, null, 0, e.Message);
        }
    }

    private static string Line(Measurement m) => Invariant(
        $"{m.Services} services  round {m.Round}  {m.Journey,-16} {m.Workload,-10}{m.Contender,-22}")
        + (m.Error is null
            ? string.Join("  ", m.Values.Select(v => Invariant($"{v.Key} {v.Value:G5}")))
                + string.Concat(m.Notes?.Select(n => Invariant($"  {n.Key} {n.Value:G4}")) ?? [])
                + Invariant($"  busy {m.Cpu!.Busy / m.Cpu.WallSeconds:F2} cores, noise {m.Cpu.Noise * 100:F0}%")
            : "FAILED: " + m.Error);

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
