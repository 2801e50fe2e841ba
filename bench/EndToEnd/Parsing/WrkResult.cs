using System.Globalization;
using System.Text.RegularExpressions;

namespace Dataplane.Bench.EndToEnd.Parsing;

/// <summary>The summary `wrk --latency` prints.</summary>
/// <param name="RequestsPerSecond">Completed requests per second.</param>
/// <param name="Requests">Completed requests.</param>
/// <param name="P50Microseconds">Median latency under this load.</param>
/// <param name="P99Microseconds">99th percentile under this load.</param>
/// <param name="Errors">Socket errors (connect, read, write, timeout) and replies that were not 2xx or 3xx.</param>
public sealed partial record WrkResult(double RequestsPerSecond, long Requests, double P50Microseconds, double P99Microseconds, long Errors)
{
    /// <summary>Reads the text; a missing line becomes a <see cref="BenchException"/>.</summary>
    public static WrkResult Parse(string text)
    {
        var rate = RatePattern().Match(text);
        var count = CountPattern().Match(text);
        if (!rate.Success || !count.Success)
        {
            throw new BenchException($"wrk: its output has no totals: {text.Trim()}");
        }

        var errors = 0L;
        var sockets = SocketPattern().Match(text);
        for (var i = 1; sockets.Success && i < sockets.Groups.Count; i++)
        {
            errors += long.Parse(sockets.Groups[i].Value, CultureInfo.InvariantCulture);
        }

        var replies = StatusPattern().Match(text);
        errors += replies.Success ? long.Parse(replies.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
        return new WrkResult(
            double.Parse(rate.Groups[1].Value, CultureInfo.InvariantCulture),
            long.Parse(count.Groups[1].Value, CultureInfo.InvariantCulture),
            Percentile(text, "50"), Percentile(text, "99"), errors);
    }

    private static double Percentile(string text, string percent)
    {
        foreach (Match match in PercentilePattern().Matches(text))
        {
            if (match.Groups[1].Value == percent)
            {
                var value = double.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture);
                return match.Groups[3].Value switch { "us" => value, "ms" => value * 1e3, "s" => value * 1e6, _ => value * 60e6 };
            }
        }

        return double.NaN;
    }

    [GeneratedRegex(@"Requests/sec:\s+([\d.]+)")]
    private static partial Regex RatePattern();

    [GeneratedRegex(@"(\d+) requests in ")]
    private static partial Regex CountPattern();

    [GeneratedRegex(@"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)")]
    private static partial Regex SocketPattern();

    [GeneratedRegex(@"Non-2xx or 3xx responses: (\d+)")]
    private static partial Regex StatusPattern();

    [GeneratedRegex(@"^\s+(\d+)%\s+([\d.]+)(us|ms|s|m)\s*$", RegexOptions.Multiline)]
    private static partial Regex PercentilePattern();
}
