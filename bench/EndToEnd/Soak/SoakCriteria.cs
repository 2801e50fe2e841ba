namespace Dataplane.Bench.EndToEnd.Soak;

/// <summary>What the samples of a soak run must show. Pure.</summary>
public static class SoakCriteria
{
    /// <summary>Growth of resident memory under churn that is still called flat, MB per minute.</summary>
    public const double FlatMegabytesPerMinute = 0.5;

    /// <summary>Bytes per second that load may add to what the samples themselves allocate: some log lines, no packets.</summary>
    public const double LoadBytesPerSecond = 4096;

    private const int FileSlack = 4;           // descriptors: a scrape or a call of dpctl under way
    private const double SettlingShare = 0.33; // of the churn, before memory is looked at
    private const double Megabyte = 1 << 20;

    /// <summary>
    /// Reasons for which packets may be dropped here, and why: pods' stacks ask for and announce what is not carried; an ICMP error or a segment may come
    /// after its connection has been forgotten.
    /// </summary>
    public static IReadOnlySet<string> ExpectedDrops { get; } = new HashSet<string> { "EtherTypeUnsupported", "ArpIgnored", "MulticastUnsupported" };

    /// <summary>All criteria of one node that samples decide.</summary>
    public static IEnumerable<Verdict> Of(IReadOnlyList<SoakSample> samples)
    {
        var node = samples[0].Node;
        var floor = samples.Last(s => s.Phase == SoakPhase.Before).Entries;
        var most = samples.Max(s => s.Entries);
        var end = samples.Last(s => s.Phase == SoakPhase.After).Entries;
        yield return new Verdict($"{node}: conntrack is back at its floor", end <= floor, Text($"{floor} before, {most} at most, {end} at the end"));

        List<SoakSample> churn = [.. samples.Where(s => s.Phase == SoakPhase.Churn)];
        List<SoakSample> settled = [.. churn.Skip((int)(churn.Count * SettlingShare))];
        yield return Flat($"{node}: memory of dataplane is flat under churn", settled, s => s.DataplaneBytes);
        yield return Flat($"{node}: memory of dataplane-agent is flat under churn", settled, s => s.AgentBytes);
        yield return Files($"{node}: descriptors of dataplane stay", samples, s => s.DataplaneFiles);
        yield return Files($"{node}: descriptors of dataplane-agent stay", samples, s => s.AgentFiles);

        var (idle, loaded) = (RestingRate(samples), Rate(samples, SoakPhase.Load));
        yield return new Verdict(
            $"{node}: packets allocate nothing", loaded - idle < LoadBytesPerSecond,
            Text($"{loaded:F0} B/s allocated under load, {idle:F0} B/s by sampling alone"));

        var drops = samples[^1].Drops.Select(d => (Reason: d.Key, Count: d.Value - samples[0].Drops.GetValueOrDefault(d.Key))).Where(d => d.Count > 0).ToList();
        var unexpected = drops.Where(d => !ExpectedDrops.Contains(d.Reason)).ToList();
        yield return new Verdict(
            $"{node}: nothing is dropped but for {string.Join(", ", ExpectedDrops.Order())}", unexpected.Count == 0,
            drops.Count == 0 ? "no drops" : string.Join(", ", drops.Select(d => Text($"{d.Reason} {d.Count}"))));
    }

    /// <summary>What the phases of a node did to the garbage collector of `dataplane`, for people.</summary>
    public static IEnumerable<string> Collections(IReadOnlyList<SoakSample> samples)
    {
        foreach (var phase in samples.GroupBy(s => s.Phase))
        {
            var (first, last) = (phase.First(), phase.Last());
            var (seconds, bytes, states) = (last.Seconds - first.Seconds, last.Allocated - first.Allocated, last.States - first.States);
            if (seconds <= 0)
                continue;
            var collections = string.Join('/', last.Collections.Zip(first.Collections, (l, f) => Text($"{l - f}")));
            yield return Text($"{first.Node} {phase.Key,-7} {seconds,5:F0} s: {collections} collections (gen 0/1/2), stopped for {(last.PauseSeconds - first.PauseSeconds) * 1e3:F1} ms in all; {bytes / seconds / 1024:F1} kB/s allocated")
                + (states > 0 ? Text($", {states} states applied, {(bytes - seconds * RestingRate(samples)) / states / 1024:F1} kB each beyond sampling") : "");
        }
    }

    /// <summary>Least squares: how fast values grow, per unit of time.</summary>
    public static double Slope(IReadOnlyList<(double Time, double Value)> points)
    {
        double time = points.Average(p => p.Time), value = points.Average(p => p.Value);
        return points.Sum(p => (p.Time - time) * (p.Value - value)) / points.Sum(p => (p.Time - time) * (p.Time - time));
    }

    private static Verdict Flat(string criterion, List<SoakSample> samples, Func<SoakSample, double> bytes)
    {
        if (samples.Count < 3)
            return new Verdict(criterion, false, $"{samples.Count} samples are too few; run longer");
        var slope = Slope([.. samples.Select(s => (s.Seconds / 60, bytes(s) / Megabyte))]);
        // Between two collections memory grows, and a line through a few of these teeth rises or falls by where it cuts them.
        var growth = slope * (samples[^1].Seconds - samples[0].Seconds) / 60;
        var tooth = samples.Zip(samples.Skip(1), (before, after) => (bytes(before) - bytes(after)) / Megabyte).Max();
        return new Verdict(
            criterion, slope < FlatMegabytesPerMinute || growth < tooth,
            Text($"{slope:+0.00;-0.00;0.00} MB/min, {bytes(samples[0]) / Megabyte:F0} to {bytes(samples[^1]) / Megabyte:F0} MB; a collection gave back {Math.Max(0, tooth):F0}"));
    }

    private static Verdict Files(string criterion, IReadOnlyList<SoakSample> samples, Func<SoakSample, int> files)
    {
        int first = files(samples[0]), last = files(samples[^1]), most = samples.Max(files);
        return new Verdict(criterion, last - first <= FileSlack && most - first <= 2 * FileSlack, Text($"{first} at the start, {most} at most, {last} at the end"));
    }

    // Bytes allocated per second before and after the load, when there is nothing but the samples and what is looked after once a minute.
    private static double RestingRate(IReadOnlyList<SoakSample> samples)
    {
        double bytes = 0, seconds = 0;
        foreach (var phase in (SoakPhase[])[SoakPhase.Before, SoakPhase.After])
        {
            List<SoakSample> of = [.. samples.Where(s => s.Phase == phase)];
            if (of.Count < 2)
                continue;
            bytes += of[^1].Allocated - of[0].Allocated;
            seconds += of[^1].Seconds - of[0].Seconds;
        }

        return seconds == 0 ? 0 : bytes / seconds;
    }

    // Bytes allocated per second of a phase.
    private static double Rate(IReadOnlyList<SoakSample> samples, SoakPhase phase)
    {
        List<SoakSample> of = [.. samples.Where(s => s.Phase == phase)];
        return of.Count < 2 ? 0 : (of[^1].Allocated - of[0].Allocated) / (of[^1].Seconds - of[0].Seconds);
    }

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
