using System.CommandLine;
using System.Net.Sockets;
using Dataplane.Agent.ApiServer;
using Dataplane.Agent.Desired;
using Dataplane.Agent.Nodes;
using Dataplane.Agent.Sync;
using Dataplane.Agent.Telemetry;

namespace Dataplane.Agent;

/// <summary>The command line: <c>dataplane-agent run ...</c>.</summary>
public static class AgentCommand
{
    /// <summary>Parses and runs; returns the exit code.</summary>
    /// <param name="args">Arguments without the program's name.</param>
    /// <param name="output">Where help goes.</param>
    /// <param name="error">Where usage errors and the log go.</param>
    /// <param name="cancel">Ends the run.</param>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(args);
        ArgumentNullException.ThrowIfNull(error);
        var nodeName = new Option<string>("--node-name") { Description = "name of this node's Node object", Required = true };
        var control = new Option<string>("--control")
        {
            Description = "the dataplane's control socket", DefaultValueFactory = _ => AgentOptions.DefaultControl,
        };
        var manifests = new Option<string>("--manifests") { Description = "directory of Kubernetes manifests to follow" };
        var kubeconfig = new Option<string>("--kubeconfig") { Description = "file that says how to reach the API server to follow" };
        var inCluster = new Option<bool>("--in-cluster") { Description = "follow the API server of this pod's cluster, as its service account" };
        var apiServer = new Option<string>("--api-server")
        {
            Description = "address of the API server (https://192.168.0.10:6443), in place of the kubeconfig's or the service's",
        };
        var metrics = new Option<string>("--metrics-listen")
        {
            Description = "address:port of /metrics, /healthz, /readyz, /proxyMode and /configz, or off", DefaultValueFactory = _ => "off",
        };
        var healthz = new Option<string>("--healthz-listen")
        {
            Description = "address:port of kube-proxy's /healthz and /livez, or off", DefaultValueFactory = _ => AgentOptions.DefaultHealthz,
        };
        var proxyName = new Option<string>("--service-proxy-name")
        {
            Description = "serve the services with this label service.kubernetes.io/service-proxy-name, not those without it",
        };
        var disableExternal = new Option<bool>("--disable-external-ips") { Description = "do not serve spec.externalIPs of services" };
        var removeTaint = new Option<string>("--remove-taint")
        {
            Description = "key of the taint to take off this node once its dataplane has the state (dataplane.dev/agent-not-ready)",
        };
        var run = new Command("run", "keep a node's dataplane at the state its Kubernetes objects ask for")
        {
            nodeName, control, manifests, kubeconfig, inCluster, apiServer, metrics, healthz, removeTaint, proxyName, disableExternal,
        };
        run.SetAction((parsed, stop) => RunAsync(
            new AgentOptions
            {
                NodeName = parsed.GetValue(nodeName) ?? "",
                Control = parsed.GetValue(control) ?? "",
                Manifests = parsed.GetValue(manifests) ?? "",
                Kubeconfig = parsed.GetValue(kubeconfig) ?? "",
                InCluster = parsed.GetValue(inCluster),
                ApiServer = parsed.GetValue(apiServer) ?? "",
                MetricsListen = parsed.GetValue(metrics) ?? "off",
                HealthzListen = parsed.GetValue(healthz) ?? AgentOptions.DefaultHealthz,
                RemoveTaint = parsed.GetValue(removeTaint) ?? "",
                Services = new ServiceOptions
                {
                    ProxyName = parsed.GetValue(proxyName) ?? "", DisableExternalIPs = parsed.GetValue(disableExternal),
                },
            },
            error,
            stop));
        var nodeOptions = new Command("node-options", "print the options of a node's dataplane that are in its Node object, once they are there")
        {
            nodeName, kubeconfig, inCluster, apiServer,
        };
        nodeOptions.SetAction((parsed, stop) => PrintNodeOptionsAsync(
            new AgentOptions
            {
                NodeName = parsed.GetValue(nodeName) ?? "",
                Kubeconfig = parsed.GetValue(kubeconfig) ?? "",
                InCluster = parsed.GetValue(inCluster),
                ApiServer = parsed.GetValue(apiServer) ?? "",
            },
            output,
            error,
            stop));
        var root = new RootCommand("Feeds a node's dataplane from Kubernetes objects.") { run, nodeOptions };
        var result = root.Parse(args);
        if (result.Errors.Count > 0)
        {
            foreach (var problem in result.Errors)
                await error.WriteLineAsync($"dataplane-agent: {problem.Message}").ConfigureAwait(false);
            await error.WriteLineAsync(result.CommandResult.Command == nodeOptions
                ? "usage: dataplane-agent node-options --node-name NAME (--kubeconfig FILE | --in-cluster) [--api-server URL] (--help for more)"
                : "usage: dataplane-agent run --node-name NAME (--manifests DIR | --kubeconfig FILE | --in-cluster) [--control unix:///PATH] (--help for more)").ConfigureAwait(false);
            return ExitCode.Usage;
        }
        // Signals are the caller's: a second handler here would end the process before the agent does.
        return await result.InvokeAsync(
            new InvocationConfiguration { Output = output, Error = error, ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false },
            cancel).ConfigureAwait(false);
    }

    private static async Task<int> PrintNodeOptionsAsync(AgentOptions options, TextWriter output, TextWriter error, CancellationToken cancel)
    {
        var log = new Log(error);
        try
        {
            if (options.Validate(takesManifests: false) is not { } problem)
                return await NodeOptionsCommand.RunAsync(ObjectSources.Access(options, log), options.NodeName, output, log, cancel).ConfigureAwait(false);
            await error.WriteLineAsync($"dataplane-agent: {problem}").ConfigureAwait(false);
        }
        catch (AccessException e)
        {
            await error.WriteLineAsync($"dataplane-agent: {e.Message}").ConfigureAwait(false);
        }
        return ExitCode.Usage;
    }

    private static async Task<int> RunAsync(AgentOptions options, TextWriter error, CancellationToken cancel)
    {
        if (options.Validate() is { } problem)
        {
            await error.WriteLineAsync($"dataplane-agent: {problem}").ConfigureAwait(false);
            return ExitCode.Usage;
        }
        var log = new Log(error);
        var status = new AgentStatus();
        ApiServerAccess? access;
        try
        {
            access = options.Manifests.Length > 0 ? null : ObjectSources.Access(options, log);
        }
        catch (AccessException e)
        {
            await error.WriteLineAsync($"dataplane-agent: {e.Message}").ConfigureAwait(false);
            return ExitCode.Usage;
        }
        try
        {
            using var endpoint = options.MetricsAddress is { } address ? new MetricsEndpoint(address, status, options.ToJson()) : null;
            var serving = endpoint?.RunAsync() ?? Task.CompletedTask;
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            var health = options.HealthzAddress is { } healthz
                ? new HealthEndpoint(healthz, status.Health, log).RunAsync(stop.Token)
                : Task.CompletedTask;
            var untaint = access is not null && options.RemoveTaint.Length > 0
                ? RemoveTaintAsync(options, access, status, log, stop.Token)
                : Task.CompletedTask;
            using var control = new ControlSync(options.Control);
            await new AgentRunner(options.NodeName, options.Services, ObjectSources.Open(options, access, log, status), control, log, new SyncTiming(), status)
                .RunAsync(cancel).ConfigureAwait(false);
            endpoint?.Dispose();
            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(serving, health, untaint).ConfigureAwait(false);
            log.Info("stopped");
            return ExitCode.Success;
        }
        catch (SocketException e)
        {
            log.Error($"--metrics-listen {options.MetricsListen}: cannot listen: {e.Message}; give another address, or off");
            return ExitCode.Usage;
        }
        catch (Exception e)
        {
            log.Error($"cannot go on: {e}");
            return ExitCode.Failure;
        }
    }

    private static async Task RemoveTaintAsync(AgentOptions options, ApiServerAccess access, AgentStatus status, Log log, CancellationToken cancel)
    {
        var timing = new ApiTiming();
        using var client = new ApiClient(access, timing, "dataplane-agent");
        await new NotReadyTaint(client, options.NodeName, options.RemoveTaint, () => status.IsReady && status.HasTaint(options.NodeName, options.RemoveTaint), log, timing)
            .RunAsync(cancel).ConfigureAwait(false);
    }
}
