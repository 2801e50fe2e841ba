using System.Text.Json;
using Dataplane.Bench.EndToEnd.Measure;

namespace Dataplane.Bench.EndToEnd.Cni;

/// <summary>A run of `cni` for programs: every call.</summary>
internal sealed record CniReport(int FormatVersion, DateTimeOffset Started, MachineFacts Machine, double Noise, IReadOnlyList<CniTimes> Plugins)
{
    private static readonly JsonSerializerOptions s_format = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>Writes the file.</summary>
    public void Write(string path) => File.WriteAllText(path, JsonSerializer.Serialize(this, s_format) + "\n");
}
