using Dataplane.Agent.ApiServer;
using Dataplane.Agent.Manifests;
using Dataplane.Agent.Telemetry;

namespace Dataplane.Agent;

/// <summary>Makes the source that the options name.</summary>
internal static class ObjectSources
{
    /// <summary>Makes it; nothing is read from it yet.</summary>
    /// <param name="options">Valid options.</param>
    /// <param name="access">How the API server is reached; null: objects are manifests.</param>
    /// <param name="log">The log.</param>
    /// <param name="status">Gets what the source does.</param>
    public static IObjectSource Open(AgentOptions options, ApiServerAccess? access, Log log, AgentStatus status)
    {
        if (access is null)
        {
            log.Info($"agent of node {options.NodeName}: manifests {options.Manifests}, control {options.Control}");
            return new DirectorySource(options.Manifests, log) { Scanned = status.Scanned };
        }
        log.Info($"agent of node {options.NodeName}: API server {access.Server}, control {options.Control}");
        return new ApiServerSource(access, log, status.Api);
    }

    /// <summary>How the API server that the options name is reached.</summary>
    /// <param name="options">Valid options without manifests.</param>
    /// <param name="log">The log.</param>
    /// <exception cref="AccessException">It cannot be reached by what was given.</exception>
    public static ApiServerAccess Access(AgentOptions options, Log log)
    {
        var server = options.ApiServer.Length > 0 ? ApiServerAccess.ParseServer(options.ApiServer, "--api-server") : null;
        var access = options.InCluster
            ? ServiceAccount.Read(ServiceAccount.Directory, server, Environment.GetEnvironmentVariable)
            : Kubeconfig.Read(options.Kubeconfig);
        if (server is not null)
            access = access with { Server = server };
        if (options.InCluster && server is null)
            log.Warning($"the API server is followed at its service's address, {access.Server}, which this dataplane itself may have to serve; give for example --api-server https://192.168.0.10:6443");
        if (access.SkipVerification)
            log.Warning("insecure-skip-tls-verify: whoever is on the way may be the API server to this node");
        return access;
    }
}
