using System.Net;
using System.Text.Json;
using Dataplane.Agent.Desired;
using Dataplane.Agent.Objects;
using Dataplane.Contracts.Grpc;

namespace Dataplane.Agent;

/// <summary>The options of <c>dataplane-agent run</c>.</summary>
public sealed record AgentOptions
{
    /// <summary>Where the dataplane listens unless told otherwise.</summary>
    public const string DefaultControl = "unix:///run/dataplane/control.sock";

    /// <summary>Where kube-proxy has /healthz unless told otherwise, and so do we.</summary>
    public const string DefaultHealthz = "0.0.0.0:10256";

    private const string Off = "off";

    /// <summary>Name of this node's Node object; pods with this spec.nodeName are local.</summary>
    public required string NodeName { get; init; }

    /// <summary>The dataplane's control socket, unix:///PATH.</summary>
    public string Control { get; init; } = DefaultControl;

    /// <summary>Directory of manifests; empty: none.</summary>
    public string Manifests { get; init; } = "";

    /// <summary>File that says how an API server is reached; empty: none.</summary>
    public string Kubeconfig { get; init; } = "";

    /// <summary>Read from the API server of the cluster this process runs in, as its pod's service account.</summary>
    public bool InCluster { get; init; }

    /// <summary>Address of the API server, in place of that of <see cref="Kubeconfig"/> or of the service; empty: theirs (K37).</summary>
    public string ApiServer { get; init; } = "";

    /// <summary>Address and port of /metrics, /healthz, /readyz, /proxyMode and /configz, or "off".</summary>
    public string MetricsListen { get; init; } = Off;

    /// <summary><see cref="MetricsListen"/> once validated; null: off.</summary>
    public IPEndPoint? MetricsAddress => MetricsListen == Off ? null : IPEndPoint.Parse(MetricsListen);

    /// <summary>Address and port of kube-proxy's /healthz and /livez, or "off".</summary>
    public string HealthzListen { get; init; } = DefaultHealthz;

    /// <summary><see cref="HealthzListen"/> once validated; null: off.</summary>
    public IPEndPoint? HealthzAddress => HealthzListen == Off ? null : IPEndPoint.Parse(HealthzListen);

    /// <summary>Key of the taint that is taken off this node when its dataplane has the state (F17); empty: none.</summary>
    public string RemoveTaint { get; init; } = "";

    /// <summary>Which services are served.</summary>
    public ServiceOptions Services { get; init; } = new();

    /// <summary>The options in force as JSON, as kube-proxy's /configz has its own.</summary>
    public string ToJson() => JsonSerializer.Serialize(new Dictionary<string, object>
    {
        ["dataplane-agent"] = new Dictionary<string, object>
        {
            ["nodeName"] = NodeName,
            ["control"] = Control,
            ["manifests"] = Manifests,
            ["kubeconfig"] = Kubeconfig,
            ["inCluster"] = InCluster,
            ["apiServer"] = ApiServer,
            ["metricsListen"] = MetricsListen,
            ["healthzListen"] = HealthzListen,
            ["removeTaint"] = RemoveTaint,
            ["serviceProxyName"] = Services.ProxyName,
            ["disableExternalIPs"] = Services.DisableExternalIPs,
        },
    });

    /// <summary>What is wrong with the options, naming option, value and remedy; null when nothing is.</summary>
    /// <param name="takesManifests">Whether the command has --manifests.</param>
    public string? Validate(bool takesManifests = true)
    {
        if (NodeName.Length == 0)
            return "--node-name is empty; give the name of this node's Node object";
        try
        {
            UnixSocketAddress.ParsePath(Control);
        }
        catch (ArgumentException e)
        {
            return $"--control: {e.Message}";
        }
        if (!IsListenAddress(MetricsListen))
            return $"--metrics-listen {MetricsListen}: not an address and port; give for example 127.0.0.1:9963, or off";
        if (!IsListenAddress(HealthzListen))
            return $"--healthz-listen {HealthzListen}: not an address and port; give for example {DefaultHealthz}, or off";
        if (!Syntax.IsLabelValue(Services.ProxyName))
            return $"--service-proxy-name {Services.ProxyName}: not a label value; give at most 63 letters, digits, - _ .";
        if (RemoveTaint.Length > 0 && !Syntax.IsLabelKey(RemoveTaint))
            return $"--remove-taint {RemoveTaint}: not the key of a taint; give for example dataplane.dev/agent-not-ready";
        var sources = (Manifests.Length > 0 ? 1 : 0) + (Kubeconfig.Length > 0 ? 1 : 0) + (InCluster ? 1 : 0);
        if (sources > 1)
            return $"{(takesManifests ? "--manifests, " : "")}--kubeconfig and --in-cluster exclude each other; give one";
        if (sources == 0)
            return takesManifests ? "no source of objects; give --manifests DIR, --kubeconfig FILE or --in-cluster" : "no API server; give --kubeconfig FILE or --in-cluster";
        if (Manifests.Length == 0)
            return null;
        if (ApiServer.Length > 0)
            return $"--api-server {ApiServer}: a directory of manifests has no API server; give --kubeconfig FILE or --in-cluster in place of --manifests";
        if (RemoveTaint.Length > 0)
            return $"--remove-taint {RemoveTaint}: a directory of manifests has no API server to change a Node at; leave it out";
        return Directory.Exists(Manifests) ? null : $"--manifests {Manifests}: no such directory; make it, or give another";
    }

    private static bool IsListenAddress(string text) =>
        text == Off || (IPEndPoint.TryParse(text, out var address) && address.Port != 0);
}
