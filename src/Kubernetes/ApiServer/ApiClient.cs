using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Dataplane.Kubernetes;

/// <summary>Asks an API server. All requests share one HTTP/2 connection; each stream of <see cref="ConnectAsync"/> has one of its own.</summary>
public sealed class ApiClient : IDisposable
{
    private const int LongestStatus = 64 << 10;

    // A server may be wrong about how long it is busy.
    private static readonly TimeSpan s_longestWait = TimeSpan.FromMinutes(5);

    private readonly ApiServerAccess _access;
    private readonly ApiTiming _timing;
    private readonly HttpClient _http;

    /// <summary>Makes a client; nothing is connected yet.</summary>
    /// <param name="access">Where the server is, and who we are.</param>
    /// <param name="timing">How long to wait.</param>
    /// <param name="userAgent">Our name in the server's log.</param>
    public ApiClient(ApiServerAccess access, ApiTiming timing, string userAgent)
    {
        _access = access;
        _timing = timing;
        var tls = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
                access.SkipVerification || ServerCertificate.Judge(access.Authority, certificate, chain, errors),
        };
        if (access.Certificate is { } own)
            tls.LocalCertificateSelectionCallback = (_, _, _, _, _) => own.Current();
        _http = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = tls,
            // The address is given for the node to go there directly; redirects would take the token elsewhere.
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = timing.Connect,
            PooledConnectionLifetime = timing.ConnectionLifetime,
            EnableMultipleHttp2Connections = true,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            KeepAlivePingDelay = timing.Ping,
            KeepAlivePingTimeout = timing.Ping,
        })
        {
            BaseAddress = access.Server,
            Timeout = Timeout.InfiniteTimeSpan,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue(userAgent, null));
        _http.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        // The name in this header is the one that the certificate is judged by.
        if (access.ServerName.Length > 0)
            _http.DefaultRequestHeaders.Host = access.ServerName;
    }

    /// <summary>Asks; returns once the answer begins. The caller disposes it.</summary>
    /// <param name="path">Path and query, without a slash at its start.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="ApiException">The server refuses.</exception>
    /// <exception cref="HttpRequestException">It cannot be reached.</exception>
    /// <exception cref="TimeoutException">It does not answer.</exception>
    public Task<HttpResponseMessage> GetAsync(string path, CancellationToken cancel) => SendAsync(HttpMethod.Get, path, (HttpContent?)null, cancel);

    /// <summary>Changes an object by a JSON merge patch (RFC 7386).</summary>
    /// <param name="path">Path of the object, without a slash at its start.</param>
    /// <param name="patch">The patch, UTF-8. With a <c>metadata.resourceVersion</c> the server refuses it (409) if the object is another meanwhile.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="ApiException">The server refuses.</exception>
    /// <exception cref="HttpRequestException">It cannot be reached.</exception>
    /// <exception cref="TimeoutException">It does not answer.</exception>
    public async Task PatchAsync(string path, byte[] patch, CancellationToken cancel)
    {
        using var body = new ByteArrayContent(patch) { Headers = { ContentType = new MediaTypeHeaderValue("application/merge-patch+json") } };
        (await SendAsync(HttpMethod.Patch, path, body, cancel).ConfigureAwait(false)).Dispose();
    }

    /// <summary>Asks with any method; returns once the answer begins. The caller disposes it.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">Path and query, without a slash at its start.</param>
    /// <param name="json">An object in JSON to send; null: nothing.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="ApiException">The server refuses.</exception>
    /// <exception cref="HttpRequestException">It cannot be reached.</exception>
    /// <exception cref="TimeoutException">It does not answer.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? json, CancellationToken cancel)
    {
        using var body = json is null ? null : new StringContent(json, Encoding.UTF8, "application/json");
        return await SendAsync(method, path, body, cancel).ConfigureAwait(false);
    }

    /// <summary>
    /// Opens a stream of messages (RFC 6455), as commands in containers have. A stream needs HTTP/1.1. The caller disposes it.
    /// </summary>
    /// <param name="path">Path and query, without a slash at its start.</param>
    /// <param name="protocol">The subprotocol that both sides speak.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="ApiException">The server refuses.</exception>
    /// <exception cref="HttpRequestException">It cannot be reached.</exception>
    /// <exception cref="TimeoutException">It does not answer.</exception>
    public async Task<WebSocket> ConnectAsync(string path, string protocol, CancellationToken cancel)
    {
        using var guard = new StallGuard(_timing.Answer, "an answer", cancel);
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol(protocol);
        socket.Options.CollectHttpResponseDetails = true;
        // A stream goes through the server to the container runtime, and runtimes refuse those that ask for JSON.
        socket.Options.SetRequestHeader("Accept", "*/*");
        if (_access.Token is { } token)
            socket.Options.SetRequestHeader("Authorization", Bearer(token).ToString());
        var address = new UriBuilder(new Uri(_access.Server, path)) { Scheme = _access.Server.Scheme == Uri.UriSchemeHttps ? Uri.UriSchemeWss : Uri.UriSchemeWs };
        try
        {
            return await guard.WaitAsync(async stop =>
            {
                await socket.ConnectAsync(address.Uri, _http, stop).ConfigureAwait(false);
                return socket;
            }).ConfigureAwait(false);
        }
        catch (WebSocketException e)
        {
            var status = socket.HttpStatusCode;
            socket.Dispose();
            throw status == 0 ? new HttpRequestException(e.InnerException?.Message ?? e.Message, e) : new ApiException(status, "", $"the stream {path.Split('?')[0]} was refused");
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>The error that a Status object tells of.</summary>
    public static ApiException FailureOf(ObjectNode status) => new(
        (HttpStatusCode)(int.TryParse(status.Find("code")?.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var code) ? code : 500),
        status.Find("reason")?.Text ?? "",
        status.Find("message")?.Text ?? "");

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? body, CancellationToken cancel)
    {
        using var guard = new StallGuard(_timing.Answer, "an answer", cancel);
        using var request = new HttpRequestMessage(method, path) { Version = _http.DefaultRequestVersion, VersionPolicy = _http.DefaultVersionPolicy, Content = body };
        if (_access.Token is { } token)
            request.Headers.Authorization = Bearer(token);
        var response = await guard.WaitAsync(
            async stop => await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop).ConfigureAwait(false)).ConfigureAwait(false);
        if (response.IsSuccessStatusCode)
            return response;
        using (response)
            throw await guard.WaitAsync(stop => ReadFailureAsync(response, stop)).ConfigureAwait(false);
    }

    private static AuthenticationHeaderValue Bearer(SecretText token)
    {
        var text = token.Read().Trim();
        return text.All(c => c is > ' ' and <= '~')
            ? new AuthenticationHeaderValue("Bearer", text)
            : throw new AccessException($"{token.Origin}: not a token: it has spaces, lines or foreign characters in it; write it anew");
    }

    private static async ValueTask<ApiException> ReadFailureAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        var wait = response.Headers.RetryAfter?.Delta ?? TimeSpan.Zero;
        if (wait > s_longestWait)
            wait = s_longestWait;
        var body = new byte[LongestStatus];
        var stream = await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false);
        var length = await stream.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, cancel).ConfigureAwait(false);
        try
        {
            var reader = new Utf8JsonReader(new ReadOnlySequence<byte>(body, 0, length));
            reader.Read();
            var status = JsonNodes.Read(ref reader);
            return new ApiException(response.StatusCode, status.Find("reason")?.Text ?? "", status.Find("message")?.Text ?? "") { RetryAfter = wait };
        }
        catch (JsonException)
        {
            // Not a Status: a proxy's page, or the server before it has its API. Its text is of no use in a log.
            return new ApiException(response.StatusCode, response.ReasonPhrase ?? "", "") { RetryAfter = wait };
        }
    }
}
