using System.Text;
using System.Text.Json.Nodes;
using Dataplane.Kubernetes;

namespace Dataplane.Cli.Connectivity;

/// <summary>
/// The few things that a connectivity test does at an API server. Commands in pods go by the API's exec over WebSocket, which every server
/// since 1.5 speaks and every later one still does: it reaches a container through its kubelet and runtime, so that it works while a policy
/// takes the pod's whole network away, where the API's pod proxy would be cut off with it.
/// </summary>
internal sealed class ClusterApi(ApiClient client) : IDisposable
{
    // Channels of a stream, the first byte of each message.
    private const byte StandardOutput = 1, StandardError = 2, Outcome = 3;

    private const string StreamProtocol = "v4.channel.k8s.io";

    /// <summary>Reads an object or a list.</summary>
    /// <param name="path">Path and query, without a slash at its start.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async Task<JsonObject> GetAsync(string path, CancellationToken cancel) =>
        JsonNode.Parse(await GetTextAsync(path, cancel).ConfigureAwait(false))?.AsObject() ?? throw new ConnectivityException($"{path}: the API server answers with no object");

    /// <summary>Reads text, as logs are.</summary>
    public async Task<string> GetTextAsync(string path, CancellationToken cancel)
    {
        using var response = await client.GetAsync(path, cancel).ConfigureAwait(false);
        return await response.Content.ReadAsStringAsync(cancel).ConfigureAwait(false);
    }

    /// <summary>Makes an object.</summary>
    /// <param name="path">Path of its kind, in its namespace.</param>
    /// <param name="item">The object.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async Task CreateAsync(string path, JsonObject item, CancellationToken cancel)
    {
        using var response = await client.SendAsync(HttpMethod.Post, path, item.ToJsonString(), cancel).ConfigureAwait(false);
    }

    /// <summary>Deletes an object; one that is gone already is no error.</summary>
    public async Task DeleteAsync(string path, CancellationToken cancel)
    {
        try
        {
            using var response = await client.SendAsync(HttpMethod.Delete, path, null, cancel).ConfigureAwait(false);
        }
        catch (ApiException e) when (e.IsUnknown)
        {
        }
    }

    /// <summary>Whether there is an object at a path.</summary>
    public async Task<bool> ExistsAsync(string path, CancellationToken cancel)
    {
        try
        {
            await GetAsync(path, cancel).ConfigureAwait(false);
            return true;
        }
        catch (ApiException e) when (e.IsUnknown)
        {
            return false;
        }
    }

    /// <summary>Runs a command in a container, and waits for its end.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="container">Its container.</param>
    /// <param name="command">Program and arguments.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async Task<ExecResult> ExecAsync(PodName pod, string container, IReadOnlyList<string> command, CancellationToken cancel)
    {
        var query = string.Concat(command.Select(word => $"&command={Uri.EscapeDataString(word)}"));
        using var socket = await client.ConnectAsync(
            $"{pod.Path}/exec?container={container}&stdout=true&stderr=true{query}", StreamProtocol, cancel).ConfigureAwait(false);
        StringBuilder output = new(), errors = new(), outcome = new();
        var decoders = new Decoder[Outcome + 1];
        var message = new MemoryStream();
        var part = new byte[16 << 10];
        while (outcome.Length == 0)
        {
            message.SetLength(0);
            System.Net.WebSockets.ValueWebSocketReceiveResult received;
            do
            {
                received = await socket.ReceiveAsync(part.AsMemory(), cancel).ConfigureAwait(false);
                message.Write(part, 0, received.Count);
            }
            while (!received.EndOfMessage);
            if (received.MessageType == System.Net.WebSockets.WebSocketMessageType.Close)
                break;
            var bytes = message.GetBuffer().AsSpan(0, (int)message.Length);
            // Each channel begins with an empty message.
            if (bytes.Length < 2 || bytes[0] is < StandardOutput or > Outcome)
                continue;
            // A character may lie across two messages.
            var decoder = decoders[bytes[0]] ??= Encoding.UTF8.GetDecoder();
            var characters = new char[Encoding.UTF8.GetMaxCharCount(bytes.Length)];
            var length = decoder.GetChars(bytes[1..], characters, flush: false);
            (bytes[0] switch { StandardOutput => output, StandardError => errors, _ => outcome }).Append(characters, 0, length);
        }
        return new ExecResult(ExitCodeOf(outcome.ToString(), pod), output.ToString(), errors.ToString());
    }

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();

    /// <summary>The exit code that a Status tells of.</summary>
    private static int ExitCodeOf(string status, PodName pod)
    {
        if (status.Length == 0)
            throw new HttpRequestException($"exec in {pod}: the stream ended before the command did");
        var outcome = JsonNode.Parse(status)!;
        if ((string?)outcome["status"] == "Success")
            return 0;
        var code = outcome["details"]?["causes"]?.AsArray().FirstOrDefault(cause => (string?)cause?["reason"] == "ExitCode");
        return code is not null && int.TryParse((string?)code["message"], out var number)
            ? number
            : throw new HttpRequestException($"exec in {pod}: {(string?)outcome["message"] ?? status}");
    }
}
