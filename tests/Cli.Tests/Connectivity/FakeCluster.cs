using System.Collections.Concurrent;
using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Dataplane.Kubernetes;
using Dataplane.Testing.ApiServer;
using Microsoft.AspNetCore.Http;

namespace Dataplane.Cli.Tests.Connectivity;

/// <summary>
/// A cluster behind a played API server: pods get addresses and become ready, services get ports, commands in pods come to what a network with the
/// policies in force would make of them. What is broken is scripted.
/// </summary>
internal sealed class FakeCluster : IAsyncDisposable
{
    private readonly FakeApiServer _server = new() { Token = "secret" };
    private readonly ConcurrentDictionary<string, JsonObject> _objects = new();
    private int _last;

    public FakeCluster(int nodes = 2)
    {
        for (var n = 1; n <= nodes; n++)
            _objects[$"api/v1/nodes/node-{n}"] = Node($"node-{n}", $"192.0.2.{n}");
        _objects["api/v1/namespaces/kube-system/services/kube-dns"] = [];
        _server.Script = AnswerAsync;
    }

    /// <summary>Answers a probe in the network's place: gets the pod, the address and the transport; null: as the network would.</summary>
    public Func<string, string, string, string?> Broken { get; set; } = (_, _, _) => null;

    /// <summary>Policies are kept and not enforced.</summary>
    public bool IgnoresPolicies { get; set; }

    /// <summary>Pods do not become ready.</summary>
    public bool PodsWait { get; set; }

    /// <summary>There is a node besides, first by name, of another operating system.</summary>
    public void AddWindowsNode()
    {
        var node = Node("a-windows-node", "192.0.2.9");
        node["status"]!["nodeInfo"]!["operatingSystem"] = "windows";
        _objects["api/v1/nodes/a-windows-node"] = node;
    }

    /// <summary>The dataplane's pods; without, it does not run in pods.</summary>
    public bool HasDataplanePods { get; set; } = true;

    /// <summary>What "dpctl check" in a dataplane's pod says; empty: all is well.</summary>
    public string Unhealthy { get; set; } = "";

    /// <summary>Drops by reason that each reading adds.</summary>
    public Dictionary<string, int> Drops { get; } = new() { ["PolicyDenied"] = 3 };

    /// <summary>Log of the dataplane's containers.</summary>
    public string Log { get; set; } = "12:00:00.000 info: dataplane[0] ready\n";

    /// <summary>The connection that is held has ended.</summary>
    public bool HeldEnded { get; set; }

    /// <summary>Is told of each object that is made, by its path.</summary>
    public Action<string> Made { get; set; } = _ => { };

    /// <summary>Is asked about each request by method and path: the status that it is refused with; 0: it is answered.</summary>
    public Func<string, string, int> Refuses { get; set; } = (_, _) => 0;

    /// <summary>Paths of all objects there are.</summary>
    public ICollection<string> Paths => _objects.Keys;

    /// <summary>How the server is reached.</summary>
    public ApiServerAccess Access => new()
    {
        Server = new Uri(_server.Address + "/"), Authority = SecretText.Of(_server.Authority.Pem, "authority"), Token = SecretText.Of("secret", "token"),
    };

    /// <summary>Writes a kubeconfig for the server.</summary>
    public void WriteKubeconfig(string path) => File.WriteAllText(path, $$$"""
        current-context: a
        contexts: [{name: a, context: {cluster: c, user: u}}]
        clusters: [{name: c, cluster: {server: "{{{_server.Address}}}", certificate-authority-data: {{{Convert.ToBase64String(Encoding.UTF8.GetBytes(_server.Authority.Pem))}}}}}]
        users: [{name: u, user: {token: secret}}]
        """);

    public Task StartAsync() => _server.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static JsonObject Node(string name, string address) => JsonNode.Parse($$$"""
        {"metadata":{"name":"{{{name}}}"},"spec":{},"status":{"nodeInfo":{"operatingSystem":"linux"},"conditions":[{"type":"Ready","status":"True"}],"addresses":[{"type":"InternalIP","address":"{{{address}}}"}]}}
        """)!.AsObject();

    private async Task<bool> AnswerAsync(HttpContext context, string plural, bool watch)
    {
        if (context.Request.Headers.Authorization != "Bearer secret")
            return false;
        var path = context.Request.Path.Value!.TrimStart('/');
        if (Refuses(context.Request.Method, path) is var status and > 0)
        {
            await FakeApiServer.FailAsync(context, status, status == 409 ? "AlreadyExists" : "ServiceUnavailable", $"{path} is refused");
            return true;
        }
        JsonNode? json = context.Request.Method switch
        {
            "POST" => Create(path, JsonNode.Parse(await new StreamReader(context.Request.Body).ReadToEndAsync())!.AsObject()),
            "DELETE" => Delete(path),
            _ when path.EndsWith("/exec", StringComparison.Ordinal) => null,
            _ when path.EndsWith("/log", StringComparison.Ordinal) => JsonValue.Create(LogOf(path)),
            _ => Read(path),
        };
        if (path.EndsWith("/exec", StringComparison.Ordinal))
            await ExecAsync(context, path.Split('/')[^2]);
        else if (json is null)
            await FakeApiServer.FailAsync(context, 404, "NotFound", $"{path} not found");
        else
            await context.Response.WriteAsync(json is JsonValue ? (string)json! : json.ToJsonString());
        return true;
    }

    private JsonObject? Read(string path)
    {
        if (path.EndsWith("/serviceaccounts/default", StringComparison.Ordinal))
            return [];
        if (path == "api/v1/nodes")
            return List(_objects.Where(o => o.Key.StartsWith(path, StringComparison.Ordinal)).OrderBy(o => o.Key).Select(o => o.Value));
        if (path == "api/v1/namespaces/kube-system/pods")
            return List(HasDataplanePods ? [DataplanePod("dataplane-a", "node-1"), DataplanePod("dataplane-b", "node-2")] : []);
        return _objects.GetValueOrDefault(path) is { } found ? (JsonObject)found.DeepClone() : null;
    }

    private static JsonObject List(IEnumerable<JsonObject> items) => new() { ["items"] = new JsonArray([.. items.Select(i => i.DeepClone())]) };

    private static JsonObject DataplanePod(string name, string node) => JsonNode.Parse($$$"""
        {"metadata":{"name":"{{{name}}}"},"spec":{"nodeName":"{{{node}}}","containers":[{"name":"dataplane"},{"name":"agent"}]}}
        """)!.AsObject();

    private JsonObject Create(string collection, JsonObject item)
    {
        var path = $"{collection}/{item["metadata"]!["name"]}";
        var number = Interlocked.Increment(ref _last);
        if (collection.EndsWith("/pods", StringComparison.Ordinal))
        {
            var node = (string)item["spec"]!["nodeName"]!;
            var address = (bool?)item["spec"]!["hostNetwork"] == true ? $"192.0.2.{node[^1]}" : $"10.1.0.{number}";
            item["status"] = JsonNode.Parse(PodsWait
                ? """{"phase":"Pending","containerStatuses":[{"state":{"waiting":{"reason":"ErrImagePull","message":"no such image"}}}]}"""
                : $$$"""{"phase":"Running","podIP":"{{{address}}}","conditions":[{"type":"Ready","status":"True"}]}""");
        }
        if (collection.EndsWith("/services", StringComparison.Ordinal))
        {
            item["spec"]!["clusterIP"] = $"10.2.0.{number}";
            item["spec"]!["ports"]![0]!["nodePort"] = 30000 + number;
        }
        _objects[path] = item;
        Made(path);
        return item;
    }

    private JsonObject? Delete(string path)
    {
        foreach (var inside in _objects.Keys.Where(key => key.StartsWith(path + "/", StringComparison.Ordinal) || key.Contains($"/{path[(path.IndexOf('/', 4) + 1)..]}/", StringComparison.Ordinal)))
            _objects.TryRemove(inside, out _);
        return _objects.TryRemove(path, out var gone) ? gone : null;
    }

    private string LogOf(string path)
    {
        if (!path.Contains("held-client", StringComparison.Ordinal))
            return Log;
        if (HeldEnded)
            _objects[path[..^4]]["status"]!["phase"] = "Failed";
        return $"{(HeldEnded ? 7 : Interlocked.Increment(ref _last))}\n";
    }

    private async Task ExecAsync(HttpContext context, string pod)
    {
        if (!context.WebSockets.WebSocketRequestedProtocols.Contains("v4.channel.k8s.io"))
        {
            await FakeApiServer.FailAsync(context, 400, "BadRequest", "no such protocol");
            return;
        }
        if (context.Request.Headers.Accept != "*/*")
        {
            context.Response.StatusCode = 406; // as containerd's streaming server does
            return;
        }
        var (code, output, errors) = Run(pod, [.. context.Request.Query["command"].Select(word => word!)]);
        using var socket = await context.WebSockets.AcceptWebSocketAsync("v4.channel.k8s.io");
        foreach (byte channel in new byte[] { 1, 2, 3 })
            await socket.SendAsync(new[] { channel }, WebSocketMessageType.Binary, true, default);
        // In pieces, as a runtime sends what it reads.
        foreach (var piece in Encoding.UTF8.GetBytes(output).Chunk(7))
            await socket.SendAsync((byte[])[1, .. piece], WebSocketMessageType.Binary, true, default);
        await socket.SendAsync((byte[])[2, .. Encoding.UTF8.GetBytes(errors)], WebSocketMessageType.Binary, true, default);
        var status = code == 0 ? """{"status":"Success"}"""
            : $$$"""{"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"{{{code}}}"}]}}""";
        await socket.SendAsync((byte[])[3, .. Encoding.UTF8.GetBytes(status)], WebSocketMessageType.Binary, true, default);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, default);
    }

    private (int Code, string Output, string Errors) Run(string pod, string[] command)
    {
        if (command[0] == "dpctl")
        {
            if (command[1] == "check")
                return (Unhealthy.Length == 0 ? 0 : 1, Unhealthy.Length == 0 ? "ok    all\n" : $"FAIL  {Unhealthy}\n", "");
            var number = Interlocked.Increment(ref _last);
            return (0, new JsonArray([.. Drops.Select(d => new JsonObject { ["reason"] = d.Key, ["packets"] = $"{d.Value * number}" })]).ToJsonString(), "");
        }
        if (command[0] == "ping")
            return Ask(pod, command[^1], null, "ICMP") is null ? (1, "", "") : (0, "1 packets received", "");
        var url = new Uri(command[^1]);
        if (url.AbsolutePath != "/dial")
            return Ask(pod, url.Host, url.Port, "TCP") is { } answer ? (0, answer, "") : (28, "", "curl: (28) Connection timed out");
        var query = url.Query.TrimStart('?').Split('&').Select(p => p.Split('=')).ToDictionary(p => p[0], p => p[1]);
        return Ask(pod, query["host"], int.Parse(query["port"], CultureInfo.InvariantCulture), "UDP") is { } name
            ? (0, $$$"""{"responses":["{{{name}}}"]}""", "")
            : (0, """{"errors":["reading from udp connection failed. err:'read udp: i/o timeout'"]}""", "");
    }

    private string? Ask(string from, string address, int? port, string transport)
    {
        if (Broken(from, address, transport) is { } scripted)
            return scripted.Length == 0 ? null : scripted;
        var name = Resolve(address, port);
        var sender = PodNamed(from);
        var receiver = name is null ? null : PodNamed(name);
        var host = (bool?)sender["spec"]!["hostNetwork"] == true;
        var policies = IgnoresPolicies || host ? [] : _objects.Where(o => o.Key.Contains("/networkpolicies/", StringComparison.Ordinal)).Select(o => o.Value).ToList();
        var target = (string?)receiver?["status"]?["podIP"] ?? address;
        return FakePolicy.Allows(policies, Labels(sender), receiver is null ? null : Labels(receiver), target, receiver is null ? port : port is null ? null : 8080, transport)
            ? name ?? "the world" : null;
    }

    // Of whom an address, with a port or a name, is.
    private string? Resolve(string address, int? port)
    {
        if (address.EndsWith(".svc", StringComparison.Ordinal))
            return address.Split('.')[0];
        if (_objects.Values.FirstOrDefault(o => (string?)o["spec"]?["clusterIP"] == address || (port >= 30000 && (int?)o["spec"]?["ports"]?[0]?["nodePort"] == port)) is { } service)
            return (string)service["metadata"]!["name"]!;
        if (port == 4000)
            return address == "192.0.2.1" ? "echo-same-node" : "echo-other-node";
        return (string?)_objects.Values.FirstOrDefault(o => (string?)o["status"]?["podIP"] == address && o["spec"]?["hostNetwork"] is null)?["metadata"]!["name"];
    }

    private JsonObject PodNamed(string name) => _objects.Single(o => o.Key.EndsWith($"/pods/{name}", StringComparison.Ordinal)).Value;

    private static JsonObject Labels(JsonObject pod) => pod["metadata"]!["labels"]!.AsObject();
}
