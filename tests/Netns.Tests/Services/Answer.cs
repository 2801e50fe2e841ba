using System.Text.Json;

namespace Dataplane.Netns.Tests.Services;

/// <summary>A line of Traffic/who.py: an answer, or how a question failed.</summary>
/// <param name="Pod">Who answered; null for a failure.</param>
/// <param name="Client">Address of the client as the server saw it.</param>
/// <param name="Port">Port of the client as the server saw it.</param>
/// <param name="At">Port that the server was asked at.</param>
/// <param name="From">Port of the client as it is; of held connections only.</param>
/// <param name="Size">Bytes of the datagram that the server received.</param>
/// <param name="Error">How it failed: "refused", "reset", "closed", "silence", "unreachable", "too large".</param>
/// <param name="Mtu">What the path takes, bytes, as the client's stack knows it when a datagram is too large.</param>
/// <param name="Milliseconds">How long it took.</param>
internal sealed record Answer(string? Pod, string? Client, int Port, int At, int From, int Size, string? Error, int Mtu, int Milliseconds)
{
    /// <summary>Reads one line.</summary>
    public static Answer Parse(string line)
    {
        using JsonDocument json = JsonDocument.Parse(line);
        return new Answer(Text("pod"), Text("client"), Number("port"), Number("at"), Number("from"), Number("size"), Text("error"), Number("mtu"), Number("ms"));

        string? Text(string name) => json.RootElement.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;
        int Number(string name) => json.RootElement.TryGetProperty(name, out JsonElement value) ? value.GetInt32() : 0;
    }

    /// <summary>"pod-11 saw 10.244.1.10", or the error; as <see cref="Curl" /> has it.</summary>
    public override string ToString() => Error ?? $"{Pod} saw {Client}";
}
