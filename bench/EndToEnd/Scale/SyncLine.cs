using System.Globalization;
using System.Text.RegularExpressions;

namespace Dataplane.Bench.EndToEnd.Scale;

/// <summary>The agent's log line about a whole state that the dataplane took.</summary>
/// <param name="Time">When it was written, UTC.</param>
/// <param name="Milliseconds">How long the call took, with the encoding.</param>
internal sealed partial record SyncLine(DateTime Time, double Milliseconds)
{
    /// <summary>How many there are in a log.</summary>
    internal static int Count(string log) => Pattern().Count(log);

    /// <summary>The last one; null when there is none.</summary>
    internal static SyncLine? Last(string log) => Pattern().Matches(log).LastOrDefault() is { } match
        ? new SyncLine(
            DateTime.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal),
            double.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture))
        : null;

    [GeneratedRegex(@"^(\S+) info\s+generation \d+ synced: .* in ([\d.]+) ms", RegexOptions.Multiline)]
    private static partial Regex Pattern();
}
