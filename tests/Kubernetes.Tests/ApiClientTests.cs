using System.Net;
using System.Net.WebSockets;
using System.Text;
using Dataplane.Testing.ApiServer;
using Microsoft.AspNetCore.Http;

namespace Dataplane.Kubernetes.Tests;

/// <summary>Requests that change something, and streams.</summary>
public sealed class ApiClientTests : IAsyncLifetime, IDisposable
{
    private readonly FakeApiServer _server = new() { Token = "secret" };

    public Task InitializeAsync() => _server.StartAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _server.DisposeAsync().AsTask().GetAwaiter().GetResult();

    [Fact]
    public async Task AnObjectIsSentAsJsonWithTheTokenAndWhatTheServerMakesOfItComesBack()
    {
        string? sent = null;
        _server.Script = async (context, _, _) =>
        {
            sent = $"{context.Request.Method} {context.Request.Path} {context.Request.ContentType} {context.Request.Headers.Authorization} {await new StreamReader(context.Request.Body).ReadToEndAsync()}";
            context.Response.StatusCode = StatusCodes.Status201Created;
            await context.Response.WriteAsync("""{"kind":"Pod"}""");
            return true;
        };
        using var client = Client();
        using var response = await client.SendAsync(HttpMethod.Post, "api/v1/namespaces/a/pods", """{"a":1}""", default);
        Assert.Equal("""POST /api/v1/namespaces/a/pods application/json; charset=utf-8 Bearer secret {"a":1}""", sent);
        Assert.Equal("""{"kind":"Pod"}""", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task ARefusalHasTheServersWords()
    {
        _server.Script = async (context, _, _) =>
        {
            await FakeApiServer.FailAsync(context, 409, "AlreadyExists", "pods \"b\" already exists");
            return true;
        };
        using var client = Client();
        var refusal = await Assert.ThrowsAsync<ApiException>(() => client.SendAsync(HttpMethod.Delete, "api/v1/namespaces/a/pods/b", null, default));
        Assert.Equal("409 AlreadyExists: pods \"b\" already exists", refusal.Message);
    }

    [Fact]
    public async Task AStreamCarriesMessagesBothWaysWithTheTokenAndAsksForNoFormat()
    {
        _server.Script = async (context, _, _) =>
        {
            Assert.Equal(("Bearer secret", "*/*"), ((string?)context.Request.Headers.Authorization, (string?)context.Request.Headers.Accept));
            using var socket = await context.WebSockets.AcceptWebSocketAsync("v4.channel.k8s.io");
            var buffer = new byte[100];
            var got = await socket.ReceiveAsync(buffer.AsMemory(), default);
            await socket.SendAsync(Encoding.UTF8.GetBytes($"{context.Request.Path}{context.Request.QueryString} {Encoding.UTF8.GetString(buffer, 0, got.Count)}"), WebSocketMessageType.Binary, true, default);
            return true;
        };
        using var client = Client();
        using var stream = await client.ConnectAsync("api/v1/namespaces/a/pods/b/exec?command=true", "v4.channel.k8s.io", default);
        await stream.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Binary, true, default);
        var answer = new byte[200];
        var length = (await stream.ReceiveAsync(answer.AsMemory(), default)).Count;
        Assert.Equal("/api/v1/namespaces/a/pods/b/exec?command=true hello", Encoding.UTF8.GetString(answer, 0, length));
    }

    [Fact]
    public async Task AStreamThatIsRefusedSaysWhichAndWithWhatStatus()
    {
        _server.Script = async (context, _, _) =>
        {
            await FakeApiServer.FailAsync(context, 403, "Forbidden", "no exec for you");
            return true;
        };
        using var client = Client();
        var refusal = await Assert.ThrowsAsync<ApiException>(() => client.ConnectAsync("api/v1/namespaces/a/pods/b/exec?command=true", "v4.channel.k8s.io", default));
        Assert.Equal((HttpStatusCode.Forbidden, "403 Forbidden: the stream api/v1/namespaces/a/pods/b/exec was refused"), (refusal.Status, refusal.Message));
    }

    [Fact]
    public async Task AStreamToNobodyIsNotReached()
    {
        await _server.StopAsync();
        using var client = Client();
        await Assert.ThrowsAsync<HttpRequestException>(() => client.ConnectAsync("exec", "v4.channel.k8s.io", default));
    }

    private ApiClient Client() => new(
        new ApiServerAccess { Server = new Uri(_server.Address + "/"), Authority = SecretText.Of(_server.Authority.Pem, "authority"), Token = SecretText.Of("secret", "token") },
        new ApiTiming(),
        "test");
}
