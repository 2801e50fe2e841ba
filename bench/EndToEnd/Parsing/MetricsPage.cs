using System.Globalization;

namespace Dataplane.Bench.EndToEnd.Parsing;

/// <summary>A page in the Prometheus text format.</summary>
public sealed class MetricsPage
{
    private readonly Dictionary<string, double> _samples = new(StringComparer.Ordinal);

    private MetricsPage()
    {
    }

    /// <summary>The value of a sample, written as on the page: "name" or "name{label="value"}"; a <see cref="BenchException"/> when it is not there.</summary>
    public double this[string sample] =>
        _samples.TryGetValue(sample, out var value) ? value : throw new BenchException($"the metrics page has no {sample}");

    /// <summary>Reads a page; what is not a sample is left out.</summary>
    public static MetricsPage Parse(string text)
    {
        var page = new MetricsPage();
        foreach (var line in text.Split('\n'))
        {
            // Label values may hold blanks; the value is behind the last one.
            var blank = line.LastIndexOf(' ');
            if (blank > 0 && line[0] != '#' && double.TryParse(line.AsSpan(blank + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
                page._samples[line[..blank]] = value;
        }

        return page;
    }

    /// <summary>All samples of a name with labels: the labels as written, and the value.</summary>
    public IEnumerable<(string Labels, double Value)> Family(string name) =>
        from sample in _samples where sample.Key.StartsWith(name + "{", StringComparison.Ordinal) select (sample.Key[(name.Length + 1)..^1], sample.Value);
}
