using System.Diagnostics;
using Dataplane.Bench.EndToEnd.Namespaces;
using Dataplane.Bench.EndToEnd.Shell;

namespace Dataplane.Bench.EndToEnd.Paths;

/// <summary>Our dataplane: per node a `dataplane` and a `dataplane-agent` fed by a directory of manifests; pods attached by `dpctl`.</summary>
public sealed class OurPath(string name, RunScope scope, string binaries) : TrafficPath(name, scope)
{
    private readonly List<BackgroundProcess> _processes = [];
    private NetworkNamespace[] _nodes = [];

    /// <inheritdoc/>
    public override IReadOnlyList<BackgroundProcess> DataplaneProcesses => _processes;

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
    public override async Task ForgetFlowsAsync(CancellationToken cancel)
    {
        for (var node = 1; node <= 2; node++)
        {
            await DpctlAsync(node, cancel, "ct", "flush");
        }
    }

    /// <inheritdoc/>
    protected override async Task ConnectAsync(IReadOnlyList<BenchService> services, CancellationToken cancel)
    {
        var manifests = Directory.CreateDirectory(Path.Combine(Scope.Directory, $"{Name}-manifests")).FullName;
        await File.WriteAllTextAsync(Path.Combine(manifests, "cluster.yaml"), Manifests.Cluster(), cancel);
        await File.WriteAllTextAsync(Path.Combine(manifests, "services.yaml"), Manifests.Services(services), cancel);
        _nodes = await MakeNodesAsync(cancel);

        var watch = Stopwatch.StartNew();
        for (var node = 1; node <= 2; node++)
        {
            await StartNodeAsync(node, manifests, cancel);
        }

        foreach (var pod in BenchPlan.Pods)
        {
            await DpctlAsync(pod.Node, cancel, "endpoint", "add", "--pod", $"{BenchService.Namespace}/{pod.Name}", "--ip", pod.Address, "--netns", Pods[pod.Name].Path);
        }

        await WaitForServicesAsync(services.Sum(s => s.Ports.Count), cancel);
        ProgrammingSeconds = watch.Elapsed.TotalSeconds;
    }

    /// <inheritdoc/>
    protected override string Describe() => string.Join('\n', _processes.Select(p => $"--- {p.Name}\n{p.Output}"));

    private async Task StartNodeAsync(int node, string manifests, CancellationToken cancel)
    {
        var state = Directory.CreateDirectory(Path.Combine(Scope.Directory, $"{Name}-n{node}")).FullName;
        var dataplane = Scope.Background($"dataplane n{node}", _nodes[node - 1].Inside(
            Path.Combine(binaries, "dataplane"), "run",
            "--node-name", $"n{node}", "--node-ip", BenchPlan.NodeAddress(node), "--uplink", "up0",
            "--pod-cidr", BenchPlan.PodCidr(node), "--cluster-cidr", BenchPlan.ClusterCidr, "--service-cidr", BenchPlan.ServiceCidr,
            "--routing", "vxlan", "--control", Control(node), "--metrics-listen", "127.0.0.1:9962", "--state-dir", state));
        _processes.Add(dataplane);
        await WaitAsync("the control socket of " + dataplane.Name, dataplane,
            () => Task.FromResult(File.Exists(Control(node)["unix://".Length..])), cancel);
        _processes.Add(Scope.Background($"agent n{node}", _nodes[node - 1].Inside(
            Path.Combine(binaries, "dataplane-agent"), "run", "--node-name", $"n{node}", "--control", Control(node), "--manifests", manifests)));
    }

    // The agent reads the directory on its own time; its work is done when the node knows every service port.
    private async Task WaitForServicesAsync(int ports, CancellationToken cancel)
    {
        for (var node = 1; node <= 2; node++)
        {
            var current = node;
            await WaitAsync($"{ports} service ports on n{node}", _processes[0], async () =>
            {
                var listed = await Command.TryRunAsync(DpctlLine(current, "service", "list", "-o", "json"), cancel);
                return listed.ExitCode == 0 && Manifests.CountServicePorts(listed.Output) >= ports;
            }, cancel);
        }
    }

    private static async Task WaitAsync(string what, BackgroundProcess process, Func<Task<bool>> done, CancellationToken cancel)
    {
        var watch = Stopwatch.StartNew();
        while (!await done())
        {
            process.ThrowIfExited();
            if (watch.Elapsed > TimeSpan.FromSeconds(60))
            {
                throw new BenchException($"no {what} after 60 s: {process.Output}");
            }

            await Task.Delay(50, cancel);
        }
    }

    private string Control(int node) => $"unix://{Scope.Directory}/{Name}-n{node}/control.sock";

    private IReadOnlyList<string> DpctlLine(int node, params IEnumerable<string> arguments) =>
        [Path.Combine(binaries, "dpctl"), "--control", Control(node), .. arguments];

    private Task<CommandResult> DpctlAsync(int node, CancellationToken cancel, params IEnumerable<string> arguments) =>
        Command.RunAsync(DpctlLine(node, arguments), cancel);
}
