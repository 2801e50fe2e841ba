using System.Buffers;
using System.Globalization;
using System.Text;

namespace Dataplane.Control.Metrics;

/// <summary>
/// Writes the Prometheus text format 0.0.4 into a buffer, without allocating: first <see cref="Family"/>, then its samples.
/// </summary>
/// <remarks>Call <see cref="Flush"/> at the end, and do not use the buffer otherwise before.</remarks>
public ref struct MetricsWriter
{
    private readonly IBufferWriter<byte> _output;
    private Span<byte> _span;
    private int _used;
    private string _name = "";

    /// <summary>Writes into <paramref name="output"/>, for example the PipeWriter of a response.</summary>
    public MetricsWriter(IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        _output = output;
    }

    /// <summary>Begins a family; the samples up to the next call belong to it.</summary>
    /// <param name="name">Metric name, without _bucket, _sum or _count.</param>
    /// <param name="help">One line for people.</param>
    /// <param name="type">Kind.</param>
    public void Family(string name, string help, MetricType type)
    {
        _name = name;
        Literal("# HELP "u8);
        Text(name);
        Literal(" "u8);
        Escaped(help, quote: false);
        Literal("\n# TYPE "u8);
        Text(name);
        Literal(type switch
        {
            MetricType.Counter => " counter\n"u8,
            MetricType.Gauge => " gauge\n"u8,
            _ => " histogram\n"u8,
        });
    }

    /// <summary>A family of one sample without labels.</summary>
    public void Single(string name, string help, MetricType type, double value)
    {
        Family(name, help, type);
        Sample(value);
    }

    /// <summary>A sample without labels.</summary>
    public void Sample(double value) => Sample([], value);

    /// <summary>A sample with one label.</summary>
    public void Sample(string label, string labelValue, double value) => Sample([new MetricLabel(label, labelValue)], value);

    /// <summary>A sample with labels.</summary>
    /// <param name="labels">In the order they are to be written.</param>
    /// <param name="value">Counters beyond 2^53 lose their last digits, as they do in Prometheus itself.</param>
    public void Sample(scoped ReadOnlySpan<MetricLabel> labels, double value)
    {
        Text(_name);
        Labels(labels);
        Literal(" "u8);
        Number(value);
        Literal("\n"u8);
    }

    /// <summary>The samples of one histogram.</summary>
    /// <param name="labels">Labels besides "le".</param>
    /// <param name="bounds">Upper bounds, growing, without +Inf.</param>
    /// <param name="counts">Observations per bucket, not cumulated; one more than <paramref name="bounds"/>, for +Inf.</param>
    /// <param name="sum">Sum of the observations.</param>
    public void Histogram(scoped ReadOnlySpan<MetricLabel> labels, scoped ReadOnlySpan<double> bounds, scoped ReadOnlySpan<ulong> counts, double sum)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(counts.Length, bounds.Length + 1);
        ulong cumulated = 0;
        for (int i = 0; i < counts.Length; i++)
        {
            cumulated += counts[i];
            Text(_name);
            Literal("_bucket"u8);
            OpenLabels(labels);
            Literal(labels.IsEmpty ? "{le=\""u8 : ",le=\""u8);
            Number(i < bounds.Length ? bounds[i] : double.PositiveInfinity);
            Literal("\"} "u8);
            Number(cumulated);
            Literal("\n"u8);
        }
        Suffixed("_sum"u8, labels, sum);
        Suffixed("_count"u8, labels, cumulated);
    }

    /// <summary>Hands what was written to the buffer.</summary>
    public void Flush()
    {
        if (_used > 0)
            _output.Advance(_used);
        _span = default;
        _used = 0;
    }

    private void Suffixed(ReadOnlySpan<byte> suffix, scoped ReadOnlySpan<MetricLabel> labels, double value)
    {
        Text(_name);
        Literal(suffix);
        Labels(labels);
        Literal(" "u8);
        Number(value);
        Literal("\n"u8);
    }

    private void Labels(scoped ReadOnlySpan<MetricLabel> labels)
    {
        if (labels.IsEmpty)
            return;
        OpenLabels(labels);
        Literal("}"u8);
    }

    private void OpenLabels(scoped ReadOnlySpan<MetricLabel> labels)
    {
        for (int i = 0; i < labels.Length; i++)
        {
            Literal(i == 0 ? "{"u8 : ","u8);
            Text(labels[i].Name);
            Literal("=\""u8);
            Escaped(labels[i].Value, quote: true);
            Literal("\""u8);
        }
    }

    // Backslash and line feed always, the quote within label values: exposition_formats.md, "Comments, help text, and type information".
    private void Escaped(string text, bool quote)
    {
        var rest = text.AsSpan();
        while (true)
        {
            int next = quote ? rest.IndexOfAny('\\', '\n', '"') : rest.IndexOfAny('\\', '\n');
            if (next < 0)
                break;
            Text(rest[..next]);
            Literal(rest[next] switch { '\n' => "\\n"u8, '"' => "\\\""u8, _ => "\\\\"u8 });
            rest = rest[(next + 1)..];
        }
        Text(rest);
    }

    private void Number(double value)
    {
        const int Longest = 32;
        Reserve(Longest);
        int written;
        if (double.IsPositiveInfinity(value))
            written = Encoding.UTF8.GetBytes("+Inf", _span[_used..]);
        else if (double.IsNegativeInfinity(value))
            written = Encoding.UTF8.GetBytes("-Inf", _span[_used..]);
        // Whole numbers without an exponent: people read them, and sums of bytes are large.
        else if (Math.Abs(value) < 1e18 && value == Math.Truncate(value))
            ((long)value).TryFormat(_span[_used..], out written, default, CultureInfo.InvariantCulture);
        else
            value.TryFormat(_span[_used..], out written, default, CultureInfo.InvariantCulture);
        _used += written;
    }

    private void Text(scoped ReadOnlySpan<char> text)
    {
        Reserve(Encoding.UTF8.GetMaxByteCount(text.Length));
        _used += Encoding.UTF8.GetBytes(text, _span[_used..]);
    }

    private void Literal(scoped ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_span[_used..]);
        _used += bytes.Length;
    }

    private void Reserve(int count)
    {
        if (_span.Length - _used >= count)
            return;
        Flush();
        _span = _output.GetSpan(Math.Max(count, 2048));
    }
}
