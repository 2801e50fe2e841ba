using System.Diagnostics;
using Dataplane.Testing;

namespace Dataplane.Bench.EndToEnd.Paths;

/// <summary>Our dataplane: per node a `dataplane` and a `dataplane-agent` fed by a directory of manifests; pods attached by `dpctl`.</summary>
public sealed class OurPath(string name, BenchScope scope, string binaries) : TrafficPath(name, scope)
{
    private readonly List<NamedProcess> _processes = [];
    private NetworkNamespace[] _nodes = [];

    /// <inheritdoc/>
    public override IReadOnlyList<NamedProcess> DataplaneProcesses => _processes;

    /// <summary>Throws with the remedy when a program is missing.</summary>
    public static void RequireBinaries(string binaries)
    {
        foreach (var program in (string[])["dataplane", "dataplane-agent", "dpctl"])
        {
            if (!File.Exists(Path.Combine(binaries, program)))
            {
                throw new BenchException(
                    $"{Path.Combine(binaries, program)} is missing: run ./build.sh build, name its folder with --bin, or measure the kernel alone with --side kernel");
            }
        }
    }

    /// <inheritdoc/>
    public override void ForgetFlows()
    {
        for (var node = 1; node <= 2; node++)
            Dpctl(node, "ct", "flush").EnsureSuccess();
    }

    /// <inheritdoc/>
    protected override void Connect(IReadOnlyList<BenchService> services)
    {
        var manifests = Directory.CreateDirectory(Path.Combine(Scope.Folder, $"{Name}-manifests")).FullName;
        File.WriteAllText(Path.Combine(manifests, "cluster.yaml"), Manifests.Cluster());
        File.WriteAllText(Path.Combine(manifests, "services.yaml"), Manifests.Services(services));
        _nodes = MakeNodes();

        var watch = Stopwatch.StartNew();
        for (var node = 1; node <= 2; node++)
            StartNode(node, manifests);

        foreach (var pod in BenchPlan.Pods)
        {
            Dpctl(pod.Node, "endpoint", "add", "--pod", $"{BenchService.Namespace}/{pod.Name}", "--ip", pod.Address, "--netns", Pods[pod.Name].Path)
                .EnsureSuccess();
        }

        // The agent reads the directory on its own time; its work is done when the node knows every service port.
        var ports = services.Sum(s => s.Ports.Count);
        for (var node = 1; node <= 2; node++)
        {
            var current = node;
            Scope.WaitUntil($"{ports} service ports on n{node}", TimeSpan.FromSeconds(120), _processes[^1], () =>
            {
                var listed = Dpctl(current, "service", "list", "-o", "json");
                return listed.Succeeded && Manifests.CountServicePorts(listed.Output) >= ports;
            });
        }

        ProgrammingSeconds = watch.Elapsed.TotalSeconds;
    }

    /// <inheritdoc/>
    protected override string Describe() => string.Join('\n', _processes.Select(p => $"--- {p.Name}\n{NamedProcess.Tail(p.Process.Output)}"));

    private void StartNode(int node, string manifests)
    {
        var state = Directory.CreateDirectory(Path.Combine(Scope.Folder, $"{Name}-n{node}")).FullName;
        var dataplane = Scope.StartServer($"dataplane n{node}", _nodes[node - 1], Path.Combine(binaries, "dataplane"), "run",
            "--node-name", $"n{node}", "--node-ip", BenchPlan.NodeAddress(node), "--uplink", "up0",
            "--pod-cidr", BenchPlan.PodCidr(node), "--cluster-cidr", BenchPlan.ClusterCidr, "--service-cidr", BenchPlan.ServiceCidr,
            "--routing", "vxlan", "--control", Control(node), "--metrics-listen", "127.0.0.1:9962", "--state-dir", state);
        _processes.Add(dataplane);
        Scope.WaitUntil("answer on the control socket", TimeSpan.FromSeconds(30), dataplane, () => Dpctl(node, "version").Succeeded);
        _processes.Add(Scope.StartServer($"agent n{node}", _nodes[node - 1], Path.Combine(binaries, "dataplane-agent"), "run",
            "--node-name", $"n{node}", "--control", Control(node), "--manifests", manifests));
    }

    private string Control(int node) => $"unix://{Scope.Folder}/{Name}-n{node}/control.sock";

    private CommandResult Dpctl(int node, params string[] arguments) =>
        Command.Try(TimeSpan.FromSeconds(30), Path.Combine(binaries, "dpctl"), ["--control", Control(node), .. arguments]);
}
