using System.Diagnostics;

namespace Dataplane.Cli.Connectivity;

/// <summary>Node ports, asked from where dpctl runs.</summary>
internal static class OutsideQuestions
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5);

    /// <summary>Asks each node for each echo.</summary>
    public static async Task<ScenarioOutcome> RunAsync(TestBed bed, CancellationToken cancel)
    {
        if (!bed.Options.Outside)
            return ScenarioOutcome.Skipped("dpctl is not said to run outside of the cluster (--outside)");
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = s_limit }) { Timeout = s_limit };
        var failures = new List<string>();
        foreach (var (_, node) in bed.Echoes)
        {
            foreach (var (echo, _) in bed.Echoes)
            {
                var target = Probe.Endpoint(node.Address, bed.NodePortOf(echo));
                var answer = await AskAsync(http, $"http://{target}/hostname", cancel).ConfigureAwait(false);
                if (answer != echo)
                    failures.Add($"outside -> tcp {target}: expected {echo}, met {answer}");
            }
        }
        return failures.Count == 0 ? ScenarioOutcome.Passed : ScenarioOutcome.Failed(string.Join('\n', failures));
    }

    private static async Task<string> AskAsync(HttpClient http, string url, CancellationToken cancel)
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            return (await http.GetStringAsync(url, cancel).ConfigureAwait(false)).Trim();
        }
        catch (HttpRequestException e)
        {
            return $"({e.Message})";
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return $"(silence for {Stopwatch.GetElapsedTime(began).TotalSeconds:0} s)";
        }
    }
}
