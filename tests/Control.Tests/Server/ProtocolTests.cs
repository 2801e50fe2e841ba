using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Xunit;

namespace Dataplane.Control.Tests.Server;

/// <summary>The server on the level of HTTP/2: what no well-behaved gRPC client sends, and the form of answers.</summary>
public sealed class ProtocolTests
{
    private static readonly byte[] EmptyMessage = [0, 0, 0, 0, 0];

    [Fact]
    public async Task AnswerHasTheStatusInItsTrailers()
    {
        await using var grpc = await GrpcFixture.StartAsync();
        using var response = await SendAsync(grpc, "/dataplane.v1.Control/GetStatus", EmptyMessage);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/grpc", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(["identity"], response.Headers.GetValues("grpc-accept-encoding"));
        Assert.False(response.Headers.Contains("grpc-status"));
        byte[] body = await response.Content.ReadAsByteArrayAsync();
        Assert.Equal(0, body[0]);
        Assert.Equal(body.Length - 5, body[4]);
        Assert.Equal(["0"], response.TrailingHeaders.GetValues("grpc-status"));
    }

    [Fact]
    public async Task RefusalIsASingleHeaderBlock()
    {
        await using var grpc = await GrpcFixture.StartAsync();
        using var response = await SendAsync(grpc, "/dataplane.v1.Control/Sync", EmptyMessage);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/grpc", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(["3"], response.Headers.GetValues("grpc-status"));
        Assert.Equal(
            ["state.nodes[0].addresses[1]: '%C3%BCn%C3%AFcode' is 100%25 wrong%0Anext line"], response.Headers.GetValues("grpc-message"));
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
        Assert.Empty(response.TrailingHeaders);
    }

    [Theory]
    [InlineData(new byte[0], "13", "the request ended without a message")]
    [InlineData(new byte[] { 0, 0, 0 }, "13", "truncated message: the body ended after 3 bytes")]
    [InlineData(new byte[] { 0, 0, 0, 0, 9, 1 }, "13", "truncated message: the body ended after 6 bytes")]
    [InlineData(new byte[] { 7, 0, 0, 0, 0 }, "13", "malformed message prefix: compressed flag 7")]
    [InlineData(new byte[] { 1, 0, 0, 0, 0 }, "12", "compressed message: only the identity encoding is supported")]
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, "13", "more than one request message")]
    [InlineData(new byte[] { 0, 255, 255, 255, 255 }, "8", "message of 4294967295 bytes exceeds the limit of 1048576 bytes")]
    public async Task MalformedBodyIsRefused(byte[] body, string status, string message)
    {
        await using var grpc = await GrpcFixture.StartAsync();
        using var response = await SendAsync(grpc, "/dataplane.v1.Control/GetStatus", body);
        Assert.Equal((status, message), (response.Headers.GetValues("grpc-status").Single(), response.Headers.GetValues("grpc-message").Single()));
    }

    [Fact]
    public async Task MalformedTimeoutIsRefused()
    {
        await using var grpc = await GrpcFixture.StartAsync();
        using var response = await SendAsync(grpc, "/dataplane.v1.Control/GetStatus", EmptyMessage, request => request.Headers.Add("grpc-timeout", "soon"));
        Assert.Equal("13", response.Headers.GetValues("grpc-status").Single());
    }

    [Fact]
    public async Task DeadlineIsKeptEvenWhenTheServiceDoesNotListen()
    {
        await using var grpc = await GrpcFixture.StartAsync();
        byte[] deaf = [0, 0, 0, 0, 6, 0x12, 4, (byte)'d', (byte)'e', (byte)'a', (byte)'f'];
        var clock = System.Diagnostics.Stopwatch.StartNew();
        using var response = await SendAsync(grpc, "/dataplane.v1.Control/AttachEndpoint", deaf, request => request.Headers.Add("grpc-timeout", "50m"));
        Assert.Equal("4", response.Headers.GetValues("grpc-status").Single());
        Assert.InRange(clock.ElapsedMilliseconds, 0, 900);
    }

    [Theory]
    [InlineData("POST", "application/json", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("POST", "application/grpcish", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("PUT", "application/grpc", HttpStatusCode.MethodNotAllowed)]
    public async Task WhatIsNotGrpcGetsAnHttpStatus(string method, string contentType, HttpStatusCode expected)
    {
        await using var grpc = await GrpcFixture.StartAsync();
        using var response = await SendAsync(grpc, "/dataplane.v1.Control/GetStatus", EmptyMessage, request =>
        {
            request.Method = new HttpMethod(method);
            request.Content!.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        });
        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task LongTextOfAFailureIsCutSoThatTheStatusArrives()
    {
        await using var grpc = await GrpcFixture.StartAsync();
        using var response = await SendAsync(grpc, "/dataplane.v1.Control/" + new string('x', 6000), EmptyMessage);
        Assert.Equal("12", response.Headers.GetValues("grpc-status").Single());
        Assert.EndsWith("xxx...", response.Headers.GetValues("grpc-message").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task GarbageOnTheSocketHurtsNobodyElse()
    {
        await using var grpc = await GrpcFixture.StartAsync();
        var random = new Random(7);
        for (int i = 0; i < 50; i++)
        {
            // Half of them begin as HTTP/2 should, so that the garbage reaches the frame parser.
            byte[] garbage = new byte[random.Next(24, 4000)];
            random.NextBytes(garbage);
            if (i % 2 == 0)
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.CopyTo(garbage);
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(grpc.SocketPath));
            await socket.SendAsync(garbage);
        }
        Assert.Equal(3ul, (await grpc.Client.SyncAsync(new Contracts.V1.SyncRequest { Generation = 3 })).Generation);
    }

    private static async Task<HttpResponseMessage> SendAsync(GrpcFixture grpc, string path, byte[] body, Action<HttpRequestMessage>? change = null)
    {
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, token) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(grpc.SocketPath), token);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://localhost" + path)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        change?.Invoke(request);
        return await http.SendAsync(request);
    }
}
