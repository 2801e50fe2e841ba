using System.Globalization;
using System.Text;

namespace Dataplane.Agent.Telemetry;

/// <summary>Writes metrics in the Prometheus text format, version 0.0.4.</summary>
internal sealed class MetricsText
{
    private readonly StringBuilder _text = new();
    private string _name = "";

    /// <summary>Starts a metric; its samples follow.</summary>
    public MetricsText Family(string name, string type, string help)
    {
        _name = name;
        _text.Append($"# HELP {name} {help}\n# TYPE {name} {type}\n");
        return this;
    }

    /// <summary>Adds a sample.</summary>
    /// <param name="value">Its value.</param>
    /// <param name="labels">"name=\"value\"" separated by commas; empty: none.</param>
    /// <param name="suffix">What follows the metric's name, "_sum".</param>
    public MetricsText Sample(double value, string labels = "", string suffix = "")
    {
        _text.Append(_name).Append(suffix);
        if (labels.Length > 0)
            _text.Append('{').Append(labels).Append('}');
        _text.Append(' ').Append(Number(value)).Append('\n');
        return this;
    }

    /// <summary>Adds the samples of a histogram.</summary>
    public MetricsText Samples(Histogram histogram, string labels)
    {
        var buckets = histogram.Read(out var sum);
        foreach (var (bound, count) in buckets)
            Sample(count, $"{labels},le=\"{Number(bound)}\"", "_bucket");
        return Sample(sum, labels, "_sum").Sample(buckets[^1].Count, labels, "_count");
    }

    /// <summary>A label with its value.</summary>
    public static string Label(string name, string value) =>
        $"{name}=\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}\"";

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();

    private static string Number(double value) =>
        double.IsPositiveInfinity(value) ? "+Inf" : value.ToString("R", CultureInfo.InvariantCulture);
}
