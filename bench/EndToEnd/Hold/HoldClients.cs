using System.Globalization;
using Dataplane.Bench.EndToEnd.Parsing;

namespace Dataplane.Bench.EndToEnd.Hold;

/// <summary>What the holding clients have printed so far.</summary>
internal sealed class HoldClients(IReadOnlyList<NamedProcess> clients)
{
    /// <summary>The last report of each client; none for one that has not printed any.</summary>
    public List<IReadOnlyDictionary<string, double>> Reports()
    {
        var reports = new List<IReadOnlyDictionary<string, double>>();
        foreach (var client in clients)
        {
            client.ThrowIfExited();
            if (LastReport(client.Process.Output) is { } report)
                reports.Add(report);
        }

        return reports;
    }

    /// <summary>Sum of a figure over all clients.</summary>
    public int Sum(string figure) => (int)Reports().Sum(r => r.GetValueOrDefault(figure));

    /// <summary>Connections that ended, of all clients.</summary>
    public List<LostConnections> Lost() => [.. clients.SelectMany(c => Parse(c.Process.Output))];

    /// <summary>Connections that could not be opened, by errno.</summary>
    public string Failures() => string.Join(", ", clients
        .SelectMany(c => c.Process.Output.Split('\n')).Where(l => l.StartsWith("failed ", StringComparison.Ordinal))
        .GroupBy(l => l["failed ".Length..]).Select(g => $"{g.Count()} x {g.Key}"));

    /// <summary>True when every client has completed a round of questions and answers that began after a time (monotonic, ms).</summary>
    public bool HaveCompletedRoundSince(double time) =>
        Reports() is var reports && reports.Count == clients.Count && reports.All(r => r["round_began"] >= time);

    /// <summary>The last line of JSON that is complete; null when there is none.</summary>
    internal static IReadOnlyDictionary<string, double>? LastReport(string output) =>
        output.Split('\n').SkipLast(1).LastOrDefault(l => l.StartsWith('{')) is { } line ? ToolResult.Parse(line) : null;

    /// <summary>Reads "lost BACKEND ERRNO MILLISECONDS COUNT".</summary>
    internal static IEnumerable<LostConnections> Parse(string output)
    {
        foreach (var line in output.Split('\n').SkipLast(1).Where(l => l.StartsWith("lost ", StringComparison.Ordinal)))
        {
            var fields = line.Split(' ');
            int Number(int field) => int.Parse(fields[field], CultureInfo.InvariantCulture);
            yield return new LostConnections(Number(1), Number(2), long.Parse(fields[3], CultureInfo.InvariantCulture), Number(4));
        }
    }
}
