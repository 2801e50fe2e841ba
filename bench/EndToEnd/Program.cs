using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using Dataplane.Bench.EndToEnd;
using Dataplane.Bench.EndToEnd.Cni;
using Dataplane.Bench.EndToEnd.Hold;
using Dataplane.Bench.EndToEnd.Policies;
using Dataplane.Bench.EndToEnd.Scale;
using Dataplane.Bench.EndToEnd.Soak;
using Dataplane.Bench.EndToEnd.Tools;
using Dataplane.Testing;

// Exit codes: 0 all measured, 1 something failed, 2 bad usage, 130 stopped by a signal.
var verb = args.Length > 0 && !args[0].StartsWith('-') ? args[0] : "run";
var rest = args.Length > 0 && !args[0].StartsWith('-') ? args[1..] : args;
try
{
    return verb switch
    {
        "run" or "scale" or "policies" or "cni" or "hold" or "soak" when rest.Contains("--help") => Help(),
        "run" => Stoppable(new BenchRun(Usage(rest), Console.Out).Run),
        "scale" => Stoppable(new ScaleRun(NumberOptions.Parse(rest, ScaleRun.Options), Console.Out).Run),
        "policies" => Stoppable(new PoliciesRun(NumberOptions.Parse(rest, PoliciesRun.Options), Console.Out).Run),
        "cni" => Cni(),
        "hold" => Stoppable(new HoldRun(NumberOptions.Parse(rest, HoldRun.Options), Console.Out).Run),
        "soak" => Stoppable(new SoakRun(NumberOptions.Parse(rest, SoakRun.Options), Console.Out).Run),
        "clean" => Clean(),
        // Tools the bench starts inside pods; not for people.
        "probe" => await ProbeTool.RunAsync(EndPoint(), Seconds(2)),
        "echo-serve" => PingPongTool.Serve(Int(0)),
        "echo-measure" => PingPongTool.Measure(EndPoint(), Seconds(2)),
        "connect-measure" => ConnectClient.Run(EndPoint(), Seconds(2)),
        "hold-serve" => HoldServer.Run(Int(0), (byte)Int(1)),
        "hold-connect" => HoldConnections(),
        "backend-watch" => BackendWatch.Run(EndPoint(), rest.Length > 2 ? Int(2) : BackendWatch.Patience),
        "udp-send" => UdpTool.Send(EndPoint(), Seconds(2), rest.Length > 3 ? Int(3) : 0),
        "udp-receive" => UdpTool.Receive(Int(0), Seconds(1)),
        "help" => Help(),
        _ => throw new UsageException($"{verb}: no such verb"),
    };
}
catch (UsageException e)
{
    await Console.Error.WriteLineAsync($"{e.Message}\n{BenchOptions.Usage}");
    return 2;
}
catch (Exception e) when (e is BenchException or CommandException)
{
    await Console.Error.WriteLineAsync("bench: " + e.Message);
    return 1;
}
catch (OperationCanceledException)
{
    await Console.Error.WriteLineAsync("bench: stopped");
    return 130;
}

int Int(int index) => int.Parse(rest[index], CultureInfo.InvariantCulture);
IPEndPoint EndPoint() => new(IPAddress.Parse(rest[0]), Int(1));
TimeSpan Seconds(int index) => TimeSpan.FromSeconds(Int(index));

int Cni()
{
    var at = Array.IndexOf(rest, "--json");
    if (at >= 0 && at + 1 == rest.Length)
        throw new UsageException("--json: give a file");
    string[] numbers = at < 0 ? rest : [.. rest[..at], .. rest[(at + 2)..]];
    return Stoppable(new CniRun(NumberOptions.Parse(numbers, CniRun.Options), at < 0 ? "" : rest[at + 1], Console.Out).Run);
}

int HoldConnections()
{
    using var client = new HoldClient(EndPoint(), Int(2), Int(3), Int(4));
    return client.Run();
}

static BenchOptions Usage(string[] arguments)
{
    try
    {
        return BenchOptions.Parse(arguments);
    }
    catch (BenchException e)
    {
        throw new UsageException(e.Message);
    }
}

static int Help()
{
    Console.WriteLine(BenchOptions.Usage);
    return 0;
}

static int Stoppable(Func<CancellationToken, int> run)
{
    RequireRoot();
    using var stop = new CancellationTokenSource();
    void Stop(PosixSignalContext context)
    {
        // Not the default action: namespaces and processes are taken down on the way out.
        context.Cancel = true;
        stop.Cancel();
    }

    using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
    return run(stop.Token);
}

static int Clean()
{
    RequireRoot();
    using var topology = Topology.Create(); // making one removes what the dead left
    return 0;
}

static void RequireRoot()
{
    if (!Environment.IsPrivilegedProcess)
    {
        throw new BenchException("needs root: it makes network namespaces; run it with sudo");
    }
}
