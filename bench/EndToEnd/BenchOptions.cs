using System.Globalization;
using Dataplane.Bench.EndToEnd.Paths;
using Dataplane.Bench.EndToEnd.Workloads;

namespace Dataplane.Bench.EndToEnd;

/// <summary>What to run; see <see cref="Usage"/>.</summary>
public sealed record BenchOptions
{
    /// <summary>Text of `help`.</summary>
    public const string Usage = """
        usage: EndToEnd [run] [options]     measures our dataplane against the kernel's own path (root needed)
               EndToEnd scale|hold|soak [options]   changes among many services; many connections; minutes of load
               EndToEnd policies|cni [options]      changes among many policies; the CNI plugin beside the standard `bridge`
               EndToEnd clean               removes what crashed runs left

        run:
          --quick              one second per measurement: under three minutes in all
          --rounds N           rounds, contenders alternating within each (default 3)
          --seconds N          seconds per measurement (default 5; 1 with --quick)
          --only A,B           of: tcp1 tcp4 tcpconn connect keepalive latency udp
          --topology T         one (node), two (nodes, VXLAN) or both (default)
          --side S             ours, kernel or both (default)
          --native             also our dataplane with native routing, between nodes
          --peer A,B           how the kernel's services are written: iptables (default), iptables-legacy, nftables
          --services A,B       how many services there are in all, those called among them (default: those called alone); for each
                               number all contenders are built, measured and taken down, and a table compares the numbers
          --endpoints N        endpoints per service on average (default 10)
          --kernel-endpoints N the same for the kernel's side, where loading so many rules takes too long
          --max-noise P        repeat a measurement, up to twice, while other processes took more than P % of the machine (default 10; 100 with --quick)
          --json FILE          all measurements, machine facts and the summary as JSON
        scale, on our side: how long a change and a whole state take to reach packets
          --services N         services in all (default 10000)
          --endpoints N        endpoints per service on average (default 10)
          --changes N          changes of one EndpointSlice (default 50)
          --restarts N         restarts of the agent, and of the dataplane (default 3)
        policies, on our side: how long a changed NetworkPolicy takes to reach packets, and what new connections cost among many
          --policies N         policies in all (default 1000)
          --pods N             pods in all, up to 110 of them on the node (default 1000)
          --changes N          changes of one policy (default 50)
          --seconds N          seconds of connections, alone and among all (default 5)
        cni: ADD and DEL of our plugin, and of `bridge` with the same host-local, in turn
          --pods N             pods (default 60)
          --policies N         policies that select all of them (default 0)
          --json FILE          every call as JSON
        hold, on our side: connections through one service while its endpoints change and some of them end; exit code 1: one was lost
          --connections N      in all (default 100000)
          --seconds N          how long they are held (default 60)
          --rate N             new connections per second at most (default 4000)
          --round N            seconds over which each connection sends one byte (default 20)
          --changes N          changes of the endpoints per second (default 10)
        soak, on our side: moderate load and services that come and go; exit code 1: a criterion does not hold
          --minutes N          of load (default 10)
          --changes N          changes per second (default 10)
          --sample N           seconds between samples (default 5)
        """;

    /// <summary>Rounds.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>Seconds per measurement.</summary>
    public int Seconds { get; init; } = 5;

    /// <summary>Ids of the workloads to run.</summary>
    public IReadOnlyList<string> Only { get; init; } = [.. Workload.All.Select(w => w.Id)];

    /// <summary>"one", "two" or "both".</summary>
    public string Topology { get; init; } = "both";

    /// <summary>"ours", "kernel" or "both".</summary>
    public string Side { get; init; } = "both";

    /// <summary>Whether our dataplane is measured with native routing too.</summary>
    public bool Native { get; init; }

    /// <summary>Kernel contenders.</summary>
    public IReadOnlyList<KernelServices> Peers { get; init; } = [KernelServices.Iptables];

    /// <summary>Numbers of services in all, one after the other; 0: only those that are called.</summary>
    public IReadOnlyList<int> Services { get; init; } = [0];

    /// <summary>Endpoints per service, on average.</summary>
    public int Endpoints { get; init; } = 10;

    /// <summary>The same on the kernel's side; null: as many.</summary>
    public int? KernelEndpoints { get; init; }

    /// <summary>Share of the machine, 0 to 1, that others may take before a measurement is repeated.</summary>
    public double MaxNoise { get; init; } = 0.10;

    /// <summary>File for the JSON report, or null.</summary>
    public string? JsonFile { get; init; }

    /// <summary>Reads the command line; a <see cref="BenchException"/> names what is wrong with it.</summary>
    public static BenchOptions Parse(IReadOnlyList<string> arguments)
    {
        var options = new BenchOptions();
        if (arguments.Contains("--quick"))
        {
            options = options with { Seconds = 1, MaxNoise = 1 };
        }

        for (var i = 0; i < arguments.Count; i++)
        {
            var key = arguments[i];
            if (key is "--quick" or "--native")
            {
                options = options with { Native = options.Native || key == "--native" };
                continue;
            }

            var value = i + 1 < arguments.Count ? arguments[++i] : throw new BenchException($"{key}: a value is missing, or no such option");
            options = key switch
            {
                "--rounds" => options with { Rounds = Number(key, value, 1) },
                "--seconds" => options with { Seconds = Number(key, value, 1) },
                "--services" => options with { Services = [.. value.Split(',').Select(v => Number(key, v, 0, BenchPlan.MostServices))] },
                "--endpoints" => options with { Endpoints = Number(key, value, 1, BenchPlan.MostEndpoints) },
                "--kernel-endpoints" => options with { KernelEndpoints = Number(key, value, 1, BenchPlan.MostEndpoints) },
                "--max-noise" => options with { MaxNoise = Number(key, value, 0) / 100.0 },
                "--only" => options with { Only = OneOf(key, value, [.. Workload.All.Select(w => w.Id)]) },
                "--topology" => options with { Topology = OneOf(key, value, ["one", "two", "both"])[0] },
                "--side" => options with { Side = OneOf(key, value, ["ours", "kernel", "both"])[0] },
                "--peer" => options with { Peers = [.. OneOf(key, value, ["iptables", "iptables-legacy", "nftables"]).Select(Peer)] },
                "--json" => options with { JsonFile = value },
                _ => throw new BenchException($"{key}: no such option"),
            };
        }

        return options;
    }

    private static KernelServices Peer(string name) => name switch
    {
        "iptables" => KernelServices.Iptables, "iptables-legacy" => KernelServices.IptablesLegacy, _ => KernelServices.Nftables,
    };

    private static int Number(string key, string value, int least, int most = int.MaxValue) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new BenchException($"{key} {value}: not a number of at least {least}{(most < int.MaxValue ? $" and at most {most}" : "")}");

    private static string[] OneOf(string key, string value, string[] known)
    {
        var names = value.Split(',', StringSplitOptions.RemoveEmptyEntries);
        var wrong = names.Length == 0 ? value : names.FirstOrDefault(n => !known.Contains(n));
        return wrong is null ? names : throw new BenchException($"{key} {wrong}: not one of {string.Join(' ', known)}");
    }
}
