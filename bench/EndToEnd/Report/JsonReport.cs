using System.Text.Json;
using System.Text.Json.Serialization;
using Dataplane.Bench.EndToEnd.Measure;

namespace Dataplane.Bench.EndToEnd.Report;

/// <summary>The whole run for programs: every single measurement, not only the medians.</summary>
public sealed record JsonReport(
    int FormatVersion, DateTimeOffset Started, double Seconds, MachineFacts Machine, BenchOptions Options,
    IReadOnlyList<BuildReport> Builds, IReadOnlyDictionary<string, double> IdleDataplaneCores,
    IReadOnlyList<SummaryRow> Summary, IReadOnlyList<Measurement> Measurements)
{
    private static readonly JsonSerializerOptions s_format = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };

    /// <summary>Writes the file.</summary>
    public void Write(string path) => File.WriteAllText(path, JsonSerializer.Serialize(this, s_format) + "\n");
}
