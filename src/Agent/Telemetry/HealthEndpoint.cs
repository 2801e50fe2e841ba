using System.Net;
using System.Net.Sockets;

namespace Dataplane.Agent.Telemetry;

/// <summary>
/// Serves kube-proxy's /healthz and /livez (K33). A port that is taken is no reason to stop: it is tried again until it is
/// free, as when the kube-proxy that this program replaces is still there.
/// </summary>
public sealed class HealthEndpoint(IPEndPoint address, ProxyHealth health, Log log)
{
    /// <summary>How long to wait before the port is tried again.</summary>
    public TimeSpan Retry { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Serves until cancelled; returns then.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var fault = "";
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                using var server = new TextServer(address, Answer);
                await using var stop = cancel.Register(server.Dispose);
                if (fault.Length > 0)
                    log.Info($"--healthz-listen {address}: is served now");
                fault = "";
                await server.RunAsync().ConfigureAwait(false);
            }
            catch (SocketException e)
            {
                if (e.Message != fault)
                    log.Warning($"--healthz-listen {address}: cannot listen: {e.Message}; end what uses the port (a kube-proxy?), or give another address, or off; it is tried again every {Retry.TotalSeconds} s");
                fault = e.Message;
                await Task.Delay(Retry, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private TextAnswer Answer(string path) => path switch
    {
        "/healthz" => health.Healthz(),
        "/livez" => health.Livez(),
        _ => TextAnswer.Plain(404, "try /healthz or /livez\n"),
    };
}
