using System.Text.Json;

namespace Dataplane.Bench.EndToEnd.Parsing;

/// <summary>The totals of one `iperf3 -J` client run.</summary>
/// <param name="BitsPerSecond">As the receiver counted it.</param>
/// <param name="Bytes">Payload the receiver got.</param>
/// <param name="Retransmits">TCP segments the sender sent again.</param>
public sealed record Iperf3Result(double BitsPerSecond, double Bytes, long Retransmits)
{
    /// <summary>Reads the JSON; an "error" member or a missing total becomes a <see cref="BenchException"/>.</summary>
    public static Iperf3Result Parse(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            if (root.TryGetProperty("error", out var error))
            {
                throw new BenchException($"iperf3: {error.GetString()}");
            }

            var end = root.GetProperty("end");
            var received = end.GetProperty("sum_received");
            var retransmits = end.GetProperty("sum_sent").TryGetProperty("retransmits", out var sent) ? sent.GetInt64() : 0;
            return new Iperf3Result(received.GetProperty("bits_per_second").GetDouble(), received.GetProperty("bytes").GetDouble(), retransmits);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new BenchException($"iperf3: its output has no totals ({e.Message})");
        }
    }
}
