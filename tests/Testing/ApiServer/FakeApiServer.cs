using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Dataplane.Testing.ApiServer;

/// <summary>
/// Plays an API server over TLS and HTTP/2: lists in chunks, watches with bookmarks, a history that can be forgotten,
/// tokens and client certificates. What goes wrong is scripted.
/// </summary>
public sealed class FakeApiServer : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, FakeResource> _resources = [];
    private readonly ConcurrentDictionary<HttpContext, string> _watches = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WebApplication? _app;
    private long _version = 1000;

    /// <summary>Signs the server's certificate and those of clients.</summary>
    public TestAuthority Authority { get; } = new();

    /// <summary>Names in the server's certificate.</summary>
    public string[] Names { get; init; } = ["127.0.0.1", "localhost"];

    /// <summary>The token that clients must have; empty: none.</summary>
    public volatile string Token = "";

    /// <summary>Clients must have a certificate.</summary>
    public bool WantsCertificate { get; init; }

    /// <summary>Versions that the server does not have.</summary>
    public HashSet<string> Missing { get; } = [];

    /// <summary>Tells of a forgotten place by an event, as servers do that notice late, not by the status.</summary>
    public bool GoneByEvent { get; set; }

    /// <summary>How many tokens of chunks are expired when they come.</summary>
    public int ExpiredTokens;

    /// <summary>Answers requests in the server's place; false: it goes on as usual. Gets the context, the resource and whether it is a watch.</summary>
    public Func<HttpContext, string, bool, Task<bool>> Script { get; set; } = (_, _, _) => Task.FromResult(false);

    /// <summary>"GET HTTP/2 /api/v1/pods?..." of each request.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Connections that requests came by.</summary>
    public ConcurrentDictionary<string, bool> Connections { get; } = new();

    public int Port { get; private set; }

    public string Address => $"https://127.0.0.1:{Port}";

    /// <summary>Open watches of a resource.</summary>
    public int Watches(string plural) => _watches.Values.Count(p => p == plural);

    /// <summary>Requests that hold a text.</summary>
    public int Count(string part) => Requests.Count(r => r.Contains(part, StringComparison.Ordinal));

    /// <summary>Starts to listen, the second time at the same port.</summary>
    public async Task StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var certificate = Authority.IssueServer(Names);
        builder.WebHost.UseKestrel(options => options.Listen(IPAddress.Loopback, Port, listen =>
        {
            listen.Protocols = HttpProtocols.Http1AndHttp2;
            listen.UseHttps(new HttpsConnectionAdapterOptions
            {
                ServerCertificate = certificate,
                ClientCertificateMode = WantsCertificate ? ClientCertificateMode.AllowCertificate : ClientCertificateMode.NoCertificate,
                ClientCertificateValidation = (_, _, _) => true,
            });
        }));
        _app = builder.Build();
        _app.UseWebSockets();
        _app.Run(AnswerAsync);
        await _app.StartAsync();
        Port = new Uri(_app.Urls.Single()).Port;
    }

    /// <summary>Goes away in the middle of everything, and forgets nothing.</summary>
    public async Task StopAsync()
    {
        if (_app is null)
            return;
        DropWatches();
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _app.StopAsync(now.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _app.DisposeAsync();
        _app = null;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Authority.Dispose();
    }

    /// <summary>Ends all watches as a broken connection does.</summary>
    public void DropWatches()
    {
        foreach (var context in _watches.Keys)
        {
            // One that is in the table has not ended, and does not while the lock is held: a context is of no use after its request.
            lock (_lock)
            {
                if (_watches.ContainsKey(context))
                    context.Abort();
            }
        }
    }

    /// <summary>Makes or changes the objects of a manifest.</summary>
    public void Put(string yaml)
    {
        foreach (var found in ObjectJson.Of(yaml))
            Put(found);
    }

    public void Put(JsonObject found)
    {
        var plural = PluralOf(found["kind"]!.GetValue<string>());
        lock (_lock)
        {
            var resource = Of(plural);
            var meta = found["metadata"]!.AsObject();
            // What the real one fills in.
            if (plural is not ("nodes" or "namespaces"))
                meta["namespace"] ??= "default";
            meta["resourceVersion"] = $"{++_version}";
            meta["managedFields"] = new JsonArray(new JsonObject { ["manager"] = "test", ["operation"] = "Update", ["fieldsV1"] = new JsonObject { ["f:spec"] = new JsonObject() } });
            var type = resource.Objects.ContainsKey(KeyOf(found)) ? "MODIFIED" : "ADDED";
            resource.Objects[KeyOf(found)] = found;
            Tell(resource, type, found);
        }
    }

    /// <summary>Deletes "namespace/name", or "/name".</summary>
    public void Delete(string plural, string key)
    {
        lock (_lock)
        {
            var resource = Of(plural);
            var last = (JsonObject)resource.Objects[key].DeepClone();
            resource.Objects.Remove(key);
            last["metadata"]!["resourceVersion"] = $"{++_version}";
            Tell(resource, "DELETED", last);
        }
    }

    /// <summary>Sends a bookmark with the newest version.</summary>
    public void Bookmark(string plural)
    {
        lock (_lock)
            Tell(Of(plural), "BOOKMARK", new JsonObject { ["kind"] = "x", ["metadata"] = new JsonObject { ["resourceVersion"] = $"{++_version}" } });
    }

    /// <summary>Writes a line to the watches as it is.</summary>
    public void Say(string plural, string line)
    {
        lock (_lock)
        {
            _version++;
            Tell(Of(plural), line);
        }
    }

    /// <summary>Forgets what happened before now: watches from then on are told so.</summary>
    public void Compact()
    {
        lock (_lock)
        {
            foreach (var resource in _resources.Values)
            {
                resource.Compacted = _version;
                resource.Events.Clear();
            }
        }
    }

    /// <summary>Goes back in time, as a server does whose store was restored from a backup.</summary>
    public void SetBack()
    {
        lock (_lock)
        {
            _version = 1;
            foreach (var resource in _resources.Values)
            {
                resource.Compacted = 0;
                resource.Events.Clear();
            }
        }
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var request = context.Request;
        Requests.Enqueue($"{request.Protocol} {request.Path}{request.QueryString}");
        Connections[context.Connection.Id] = true;
        var apiVersion = request.Path.Value!.StartsWith("/apis/", StringComparison.Ordinal)
            ? string.Join('/', request.Path.Value.Split('/')[2..4]) : request.Path.Value.Split('/')[2];
        var plural = request.Path.Value.Split('/')[^1];
        var watch = request.Query["watch"] == "true";
        if (await Script(context, plural, watch))
            return;
        if (!IsKnown(context))
            await FailAsync(context, 401, "Unauthorized", "Unauthorized");
        else if (Missing.Contains(apiVersion))
            await FailAsync(context, 404, "NotFound", "the server could not find the requested resource");
        else if (watch)
            await WatchAsync(context, plural, long.Parse(request.Query["resourceVersion"]!, CultureInfo.InvariantCulture));
        else
            await ListAsync(context, plural, apiVersion);
    }

    public static async Task FailAsync(HttpContext context, int code, string reason, string message)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(Status(code, reason, message));
    }

    public static string Status(int code, string reason, string message) =>
        new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["status"] = "Failure", ["message"] = message, ["reason"] = reason, ["code"] = code }.ToJsonString();

    private bool IsKnown(HttpContext context)
    {
        if (WantsCertificate)
            return context.Connection.ClientCertificate is X509Certificate2 own && Authority.Issued(own);
        return Token.Length == 0 || context.Request.Headers.Authorization == $"Bearer {Token}";
    }

    private async Task ListAsync(HttpContext context, string plural, string apiVersion)
    {
        var limit = context.Request.Query["limit"] is [{ } l] ? int.Parse(l, CultureInfo.InvariantCulture) : int.MaxValue;
        string? token = context.Request.Query["continue"], next = null;
        long version;
        List<JsonObject> items;
        if (token is not null && Interlocked.Decrement(ref ExpiredTokens) >= 0)
        {
            await FailAsync(context, 410, "Expired", "The provided continue parameter is too old");
            return;
        }
        lock (_lock)
        {
            var resource = Of(plural);
            (version, items) = token is null ? (_version, resource.Objects.Values.Select(o => (JsonObject)o.DeepClone()).ToList()) : resource.Lists[token];
            if (items.Count > limit)
            {
                next = $"{version}:{items.Count - limit}";
                resource.Lists[next] = (version, items[limit..]);
                items = items[..limit];
            }
        }
        foreach (var item in items)
        {
            // Items of lists do not repeat what the list says.
            item.Remove("kind");
            item.Remove("apiVersion");
        }
        context.Response.ContentType = "application/json";
        var meta = new JsonObject { ["resourceVersion"] = $"{version}" };
        if (next is not null)
            meta["continue"] = next;
        await context.Response.WriteAsync(new JsonObject
        {
            ["kind"] = "XList", ["apiVersion"] = apiVersion, ["metadata"] = meta, ["items"] = items.Count == 0 ? null : new JsonArray([.. items.Select(i => i.DeepClone())]),
        }.ToJsonString());
    }

    private async Task WatchAsync(HttpContext context, string plural, long from)
    {
        string? gone = null;
        lock (_lock)
        {
            if (from < Of(plural).Compacted)
                gone = "too old resource version";
        }
        if (gone is not null && !GoneByEvent)
        {
            await FailAsync(context, 410, "Expired", gone);
            return;
        }
        if (from > Interlocked.Read(ref _version))
        {
            await FailAsync(context, 504, "Timeout", "Too large resource version");
            return;
        }
        context.Response.ContentType = "application/json";
        await context.Response.Body.FlushAsync();
        if (gone is not null)
        {
            await context.Response.WriteAsync($$"""{"type":"ERROR","object":{{Status(410, "Expired", gone)}}}""" + "\n");
            return;
        }
        _watches[context] = plural;
        try
        {
            await FollowAsync(context, plural, from);
        }
        finally
        {
            lock (_lock)
                _watches.TryRemove(context, out _);
        }
    }

    private async Task FollowAsync(HttpContext context, string plural, long from)
    {
        var seconds = int.Parse(context.Request.Query["timeoutSeconds"]!, CultureInfo.InvariantCulture);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        end.CancelAfter(TimeSpan.FromSeconds(seconds));
        while (!end.IsCancellationRequested)
        {
            List<(long Version, string Line)> due;
            Task changed;
            lock (_lock)
            {
                due = Of(plural).Events.FindAll(e => e.Version > from);
                changed = _changed.Task;
            }
            foreach (var (version, line) in due)
            {
                await context.Response.WriteAsync(line + "\n", end.Token);
                from = version;
            }
            await context.Response.Body.FlushAsync(end.Token);
            await changed.WaitAsync(end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private FakeResource Of(string plural)
    {
        if (!_resources.TryGetValue(plural, out var found))
            _resources.Add(plural, found = new FakeResource());
        return found;
    }

    private void Tell(FakeResource resource, string type, JsonObject found) =>
        Tell(resource, new JsonObject { ["type"] = type, ["object"] = found.DeepClone() }.ToJsonString());

    private void Tell(FakeResource resource, string line)
    {
        resource.Events.Add((_version, line));
        var changed = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.SetResult();
    }

    private static string KeyOf(JsonObject found) => $"{found["metadata"]!["namespace"]}/{found["metadata"]!["name"]}";

    private static string PluralOf(string kind) =>
        kind == "NetworkPolicy" ? "networkpolicies" : kind.ToLowerInvariant() + "s";
}
