using Dataplane.Agent.Desired;
using Dataplane.Agent.Manifests;
using Dataplane.Agent.Model;
using Dataplane.Agent.Sync;

namespace Dataplane.Agent.Telemetry;

/// <summary>What the agent's parts last did, for metrics and health. Written by them, read by the listener.</summary>
public sealed class AgentStatus
{
    private volatile ScanResult? _scan;
    private volatile ClusterObjects? _objects;
    private volatile DesiredState? _desired;
    private double _compileSeconds;
    private long _compilations;

    /// <summary>Makes the status of an agent that starts.</summary>
    /// <param name="time">The clock; null: the machine's.</param>
    public AgentStatus(TimeProvider? time = null)
    {
        Proxy = new ProxyTelemetry(time ?? TimeProvider.System);
        Api = new ApiTelemetry(time ?? TimeProvider.System);
        Health = new ProxyHealth(Proxy, time ?? TimeProvider.System);
    }

    /// <summary>What a kube-proxy would tell.</summary>
    public ProxyTelemetry Proxy { get; }

    /// <summary>How the API server is followed.</summary>
    public ApiTelemetry Api { get; }

    /// <summary>Whether this node should get traffic.</summary>
    public ProxyHealth Health { get; }

    /// <summary>The synchronizer at work; null before it starts.</summary>
    public StateSynchronizer? Synchronizer { get; set; }

    /// <summary>The last scan of the directory; null before the first.</summary>
    public ScanResult? Scan => _scan;

    /// <summary>The objects that the last state was compiled from; null before the first.</summary>
    public ClusterObjects? Objects => _objects;

    /// <summary>The last state compiled; null before the first.</summary>
    public DesiredState? Desired => _desired;

    /// <summary>States compiled.</summary>
    public long Compilations => Interlocked.Read(ref _compilations);

    /// <summary>Time spent compiling, seconds.</summary>
    public double CompileSeconds => Volatile.Read(ref _compileSeconds);

    /// <summary>True while the dataplane has the latest state.</summary>
    public bool IsReady => Synchronizer is { InSync: true };

    /// <summary>True while the Node object has a taint with this key.</summary>
    /// <param name="nodeName">Name of the Node.</param>
    /// <param name="key">Key of the taint.</param>
    public bool HasTaint(string nodeName, string key) => _objects?.Nodes.Any(node => node.Meta.Name == nodeName && node.TaintKeys.Contains(key)) ?? false;

    /// <summary>Takes a scan over.</summary>
    public void Scanned(ScanResult scan) => _scan = scan;

    /// <summary>Takes a state over. Only one thread compiles.</summary>
    public void Compiled(ClusterObjects objects, DesiredState desired, TimeSpan time)
    {
        _objects = objects;
        _desired = desired;
        Volatile.Write(ref _compileSeconds, _compileSeconds + time.TotalSeconds);
        Interlocked.Increment(ref _compilations);
    }
}
