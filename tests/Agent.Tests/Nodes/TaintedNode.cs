using System.Text.Json.Nodes;
using Dataplane.Agent.ApiServer;
using Dataplane.Agent.Nodes;
using Dataplane.Agent.Tests.ApiServer;
using Microsoft.AspNetCore.Http;

namespace Dataplane.Agent.Tests.Nodes;

/// <summary>A Node object at a fake API server, and what is to take its taint off.</summary>
internal sealed class TaintedNode : IAsyncDisposable
{
    /// <summary>The taint that is to go.</summary>
    public const string Key = "dataplane.dev/agent-not-ready";

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private JsonObject _node = With(("someone.dev/else", "NoSchedule"), (Key, "NoSchedule"), (Key, "NoExecute"));
    private int _version = 7;
    private ApiClient? _client;
    private Task _running = Task.CompletedTask;

    public FakeApiServer Server { get; } = new() { Token = "good" };

    public RecordingWriter Log { get; } = new();

    /// <summary>Patches that are refused before one is taken.</summary>
    public int Refusals { get; set; }

    /// <summary>Runs once between a read of the node and its patch.</summary>
    public Action? BeforePatch { get; set; }

    /// <summary>Keys of the node's taints.</summary>
    public string Keys
    {
        get
        {
            lock (_lock)
                return string.Join(' ', _node["spec"]!["taints"]!.AsArray().Select(t => t!["key"]!.GetValue<string>()));
        }
    }

    /// <summary>Makes the node's taints these.</summary>
    public void Set(params (string Key, string Effect)[] taints)
    {
        lock (_lock)
            (_node, _version) = (With(taints), _version + 1);
    }

    /// <param name="isDue">Whether the node is ready and known to have the taint.</param>
    public async Task StartAsync(Func<bool> isDue)
    {
        Server.Script = (context, plural, _) => plural == "n1" ? AnswerAsync(context) : Task.FromResult(false);
        await Server.StartAsync();
        var timing = new ApiTiming { Backoff = TimeSpan.FromMilliseconds(20), LongestBackoff = TimeSpan.FromMilliseconds(100) };
        _client = new ApiClient(
            new ApiServerAccess
            {
                Server = new Uri(Server.Address + "/"), Authority = SecretText.Of(Server.Authority.Pem, "ca"), Token = SecretText.Of("good", "token"),
            },
            timing, "test");
        _running = new NotReadyTaint(_client, "n1", Key, isDue, new Log(Log), timing).RunAsync(_stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _client?.Dispose();
        await Server.DisposeAsync();
        _stop.Dispose();
        await Log.DisposeAsync();
    }

    private static JsonObject With(params (string Key, string Effect)[] taints) => new()
    {
        ["kind"] = "Node",
        ["metadata"] = new JsonObject { ["name"] = "n1" },
        ["spec"] = new JsonObject { ["taints"] = new JsonArray([.. taints.Select(t => new JsonObject { ["key"] = t.Key, ["effect"] = t.Effect })]) },
    };

    private async Task<bool> AnswerAsync(HttpContext context)
    {
        if (context.Request.Method == "GET")
        {
            JsonObject copy;
            lock (_lock)
            {
                copy = (JsonObject)_node.DeepClone();
                copy["metadata"]!["resourceVersion"] = $"{_version}";
            }
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(copy.ToJsonString());
            return true;
        }
        // What a real server would refuse is refused here, and never comes to an end.
        if (context.Request.Method != "PATCH" || context.Request.ContentType != "application/merge-patch+json" || context.Request.Headers.Authorization != "Bearer good")
        {
            await FakeApiServer.FailAsync(context, 415, "UnsupportedMediaType", $"{context.Request.Method} {context.Request.ContentType}");
            return true;
        }
        var patch = (await JsonNode.ParseAsync(context.Request.Body))!;
        if (Refusals-- > 0)
        {
            await FakeApiServer.FailAsync(context, 403, "Forbidden", "nodes \"n1\" is forbidden");
            return true;
        }
        BeforePatch?.Invoke();
        BeforePatch = null;
        bool conflict;
        lock (_lock)
        {
            conflict = patch["metadata"]!["resourceVersion"]!.GetValue<string>() != $"{_version}";
            if (!conflict)
                (_node["spec"]!["taints"], _version) = (patch["spec"]!["taints"]!.DeepClone(), _version + 1);
        }
        if (conflict)
            await FakeApiServer.FailAsync(context, 409, "Conflict", "the object has been modified");
        else
            await context.Response.WriteAsync("{}");
        return true;
    }
}
