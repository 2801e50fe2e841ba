using System.Buffers;
using System.Text;
using Dataplane.Control.Metrics;
using Xunit;

namespace Dataplane.Control.Tests.Metrics;

public sealed class MetricsWriterTests
{
    [Fact]
    public void CounterAndGaugeAreWrittenWithHelpTypeAndLabels()
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new MetricsWriter(output);
        writer.Family("a_total", "Counts a.", MetricType.Counter);
        writer.Sample([new("port", "eth0"), new("queue", "0")], 12);
        writer.Sample("port", "eth1", 1.5);
        writer.Single("b", "Is b.", MetricType.Gauge, -3);
        writer.Flush();
        Assert.Equal(
            "# HELP a_total Counts a.\n# TYPE a_total counter\na_total{port=\"eth0\",queue=\"0\"} 12\na_total{port=\"eth1\"} 1.5\n# HELP b Is b.\n# TYPE b gauge\nb -3\n",
            Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void HistogramIsCumulated()
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new MetricsWriter(output);
        writer.Family("h_seconds", "Takes.", MetricType.Histogram);
        writer.Histogram([], [0.001, 1], [3, 2, 1], 7.25);
        writer.Histogram([new("x", "y")], [1], [0, 4], 9);
        writer.Flush();
        Assert.Equal(
            """
            # HELP h_seconds Takes.
            # TYPE h_seconds histogram
            h_seconds_bucket{le="0.001"} 3
            h_seconds_bucket{le="1"} 5
            h_seconds_bucket{le="+Inf"} 6
            h_seconds_sum 7.25
            h_seconds_count 6
            h_seconds_bucket{x="y",le="1"} 0
            h_seconds_bucket{x="y",le="+Inf"} 4
            h_seconds_sum{x="y"} 9
            h_seconds_count{x="y"} 4

            """,
            Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(1e15, "1000000000000000")]
    [InlineData(9007199254740993.0, "9007199254740992")]
    [InlineData(1e18, "1E+18")]
    [InlineData(0.1, "0.1")]
    [InlineData(1e-9, "1E-09")]
    [InlineData(double.PositiveInfinity, "+Inf")]
    [InlineData(double.NegativeInfinity, "-Inf")]
    [InlineData(double.NaN, "NaN")]
    public void NumbersAreThoseOfTheFormat(double value, string text)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new MetricsWriter(output);
        writer.Family("x", "", MetricType.Gauge);
        writer.Sample(value);
        writer.Flush();
        Assert.EndsWith($"\nx {text}\n", Encoding.UTF8.GetString(output.WrittenSpan), StringComparison.Ordinal);
    }

    [Fact]
    public void TextIsEscaped()
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new MetricsWriter(output);
        writer.Family("x", "back\\slash, \"quote\",\nline", MetricType.Gauge);
        writer.Sample("l", "back\\slash, \"quote\",\nline, ü", 1);
        writer.Flush();
        Assert.Equal(
            "# HELP x back\\\\slash, \"quote\",\\nline\n# TYPE x gauge\nx{l=\"back\\\\slash, \\\"quote\\\",\\nline, ü\"} 1\n",
            Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void TextLongerThanTheBufferIsWrittenWhole()
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new MetricsWriter(output);
        string value = new('ü', 10_000);
        writer.Family("x", "", MetricType.Gauge);
        writer.Sample("l", value, 1);
        writer.Flush();
        Assert.Contains($"x{{l=\"{value}\"}} 1\n", Encoding.UTF8.GetString(output.WrittenSpan), StringComparison.Ordinal);
    }

    [Fact]
    public void PageIsRenderedWithoutAllocating()
    {
        var output = new ArrayBufferWriter<byte>(256 * 1024);
        var metrics = new DataplaneMetrics(new SampleTelemetry());
        for (int i = 0; i < 3; i++)
            Render(output, metrics);
        Assert.Equal(0, Testing.Allocations.Least(() => Render(output, metrics)));
    }

    private static void Render(ArrayBufferWriter<byte> output, DataplaneMetrics metrics)
    {
        output.ResetWrittenCount();
        var writer = new MetricsWriter(output);
        metrics.Write(ref writer);
        writer.Flush();
    }
}
