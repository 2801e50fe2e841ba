using System.Net;
using System.Text.Json;
using Dataplane.Agent.ApiServer;

namespace Dataplane.Agent.Nodes;

/// <summary>
/// <c>dataplane-agent node-options</c>: prints the options of the node's dataplane that are in its Node object, as its configuration
/// file has them. Waits until they are there.
/// </summary>
internal static class NodeOptionsCommand
{
    private static readonly TimeSpan s_again = TimeSpan.FromSeconds(1);

    /// <summary>Asks until the Node has what is needed; returns the exit code.</summary>
    /// <param name="access">The API server.</param>
    /// <param name="nodeName">Name of the Node.</param>
    /// <param name="output">Where the options go.</param>
    /// <param name="log">Says once what is waited for.</param>
    /// <param name="cancel">Ends the wait.</param>
    public static async Task<int> RunAsync(ApiServerAccess access, string nodeName, TextWriter output, Log log, CancellationToken cancel)
    {
        using var client = new ApiClient(access, new ApiTiming(), "dataplane-agent");
        string told = "";
        while (!cancel.IsCancellationRequested)
        {
            string missing;
            try
            {
                using var response = await client.GetAsync($"api/v1/nodes/{Uri.EscapeDataString(nodeName)}", cancel).ConfigureAwait(false);
                using var node = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false), default, cancel)
                    .ConfigureAwait(false);
                if (NodeOptions.Read(node.RootElement, out missing) is { } options)
                {
                    await output.WriteAsync(options.ToYaml()).ConfigureAwait(false);
                    return ExitCode.Success;
                }
                missing = $"node {nodeName} has no {missing} yet";
            }
            catch (Exception e) when (e is ApiException or HttpRequestException or TimeoutException or IOException && !cancel.IsCancellationRequested)
            {
                missing = $"node {nodeName} cannot be read from {access.Server}: {e.Message} ({Remedy(e)}); it is tried again and again";
            }
            if (missing != told)
                log.Warning(told = missing);
            await Task.Delay(s_again, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        return ExitCode.Failure;
    }

    private static string Remedy(Exception e) => e switch
    {
        ApiException { Status: HttpStatusCode.Unauthorized } => "the server does not know our token or certificate; see that it is renewed",
        ApiException { Status: HttpStatusCode.Forbidden } => "grant get of nodes to the agent's account",
        ApiException { Status: HttpStatusCode.NotFound } => "see that --node-name is the name of a Node: kubectl get nodes",
        ApiException => "see the API server's log",
        _ => "see that this node reaches that address, which must need no service, or give another: --api-server https://ADDRESS:6443",
    };
}
