using Dataplane.Bench.EndToEnd.Parsing;
using Dataplane.Bench.EndToEnd.Paths;
using Dataplane.Testing;

namespace Dataplane.Bench.EndToEnd.Soak;

/// <summary>
/// Moderate load on both journeys at once: requests on kept and on new connections, a stream and datagrams, each held to a rate, so that there is
/// processor time left over.
/// </summary>
internal sealed class SoakLoad
{
    private const int KeepAliveConnections = 8, CloseConnections = 4; // each sends a request every PaceMilliseconds
    private const int PaceMilliseconds = 20;
    private const int StreamMegabits = 100, DatagramsPerSecond = 2000;
    private const double MostLoss = 0.001; // share of datagrams
    private readonly BenchScope _scope;
    private readonly List<(string Name, BackgroundProcess Process, Func<string, string?> Judge)> _clients = [];

    public SoakLoad(BenchScope scope, OurPath path, int seconds)
    {
        _scope = scope;
        var pace = Path.Combine(scope.Folder, "pace.lua");
        File.WriteAllText(pace, $"function delay() return {PaceMilliseconds} end\n");
        foreach (var journey in new[] { path.Journey(false), path.Journey(true) })
        {
            string[] wrk = ["-t1", "-d", $"{seconds}s", "-s", pace, "--latency"];
            Start($"keep-alive, {journey.Label}", journey.Client, Requests, "wrk", [.. wrk, "-c", $"{KeepAliveConnections}", $"http://{journey.WebAddress}/"]);
            Start($"new connections, {journey.Label}", journey.Client, Requests, "wrk", [.. wrk, "-c", $"{CloseConnections}", "-H", "Connection: close", $"http://{journey.WebAddress}/"]);
            Start($"stream, {journey.Label}", journey.Client, Stream,
                "iperf3", "-J", "-c", journey.StreamAddress, "-p", $"{BenchPlan.StreamPort}", "-t", $"{seconds}", "-b", $"{StreamMegabits}M");
            var receiver = Start($"datagrams, {journey.Label}", journey.Server, _ => null, Environment.ProcessPath!, "udp-receive", $"{BenchPlan.UdpPort}", "10");
            receiver.WaitForOutput("ready", TimeSpan.FromSeconds(10));
            Start($"datagrams, {journey.Label}", journey.Client, sent => Datagrams(sent, receiver),
                Environment.ProcessPath!, "udp-send", journey.StreamAddress, $"{BenchPlan.UdpPort}", $"{seconds}", $"{DatagramsPerSecond}");
        }
    }

    /// <summary>Waits for the end of all, and writes what they did; what went wrong is returned.</summary>
    public List<string> Finish(TextWriter output)
    {
        var faults = new List<string>();
        foreach (var (name, process, judge) in _clients)
        {
            for (var waits = 0; !process.HasExited && waits < 300; waits++)
                _scope.Sleep(TimeSpan.FromMilliseconds(100));
            var code = process.HasExited ? process.WaitForExit(TimeSpan.FromSeconds(5)) : -1;
            try
            {
                var summary = code == 0 ? judge(process.Output) : throw new BenchException($"ended with {code}: {NamedProcess.Tail(process.Output)}");
                if (summary is not null)
                    output.WriteLine($"  {name}: {summary}");
            }
            catch (BenchException e)
            {
                faults.Add($"{name}: {e.Message}");
            }
        }

        return faults;
    }

    private BackgroundProcess Start(string name, NetworkNamespace space, Func<string, string?> judge, string file, params string[] arguments)
    {
        var process = _scope.Own(space.Start(file, arguments));
        _clients.Add((name, process, judge));
        return process;
    }

    private static string Requests(string output)
    {
        var result = WrkResult.Parse(output);
        return result.Errors == 0
            ? FormattableString.Invariant($"{result.RequestsPerSecond:F0}/s, {result.Requests} requests without an error, p99 {result.P99Microseconds / 1e3:F1} ms")
            : throw new BenchException($"{result.Errors} errors beside {result.Requests} requests");
    }

    private static string Stream(string output)
    {
        var result = Iperf3Result.Parse(output);
        return result.BitsPerSecond > StreamMegabits * 1e6 * 0.95
            ? FormattableString.Invariant($"{result.BitsPerSecond / 1e6:F0} Mbit/s, {result.Retransmits} retransmits")
            : throw new BenchException(FormattableString.Invariant($"{result.BitsPerSecond / 1e6:F1} of {StreamMegabits} Mbit/s"));
    }

    private static string Datagrams(string output, BackgroundProcess receiver)
    {
        receiver.WaitForExit(TimeSpan.FromSeconds(10));
        double sent = ToolResult.Parse(output)["sent"], received = ToolResult.Parse(receiver.Output)["received"];
        return sent - received <= sent * MostLoss
            ? FormattableString.Invariant($"{sent:F0} sent, {sent - received:F0} lost")
            : throw new BenchException(FormattableString.Invariant($"{sent - received:F0} of {sent:F0} datagrams lost"));
    }
}
