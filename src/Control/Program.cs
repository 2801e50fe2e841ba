using Dataplane.Control.Apply;
using Dataplane.Control.Cleanup;
using Dataplane.Control.Metrics;
using Dataplane.Control.Options;
using Dataplane.Control.Server;
using Dataplane.Control.Server.HealthChecks;
using Dataplane.Control.Telemetry;
using Microsoft.Extensions.Logging;
using Xdp.Interop;

// dataplane run [--config FILE] [--key value ...]: carries a node's packets until SIGTERM or SIGINT.
const int Failure = 1, BadUsage = 2;

if (args is ["version"] or ["--version"])
{
    Console.WriteLine($"dataplane {StatusReport.ProductVersion}");
    return 0;
}
if (args is ["cleanup", .. var cleanup]) return CleanupCommand.Run(cleanup, Console.Out, Console.Error);
if (args is not ["run", .. var flags])
{
    Console.Error.WriteLine(args is ["help" or "--help" or "-h"] ? Usage.Text : $"dataplane: '{string.Join(' ', args)}' is not a command\n{Usage.Text}");
    return args is ["help" or "--help" or "-h"] ? 0 : BadUsage;
}
if (flags.Contains("--help") || flags.Contains("-h"))
{
    Console.WriteLine(Usage.Text);
    return 0;
}

try
{
    return await RunAsync(OptionLoader.Load(flags));
}
#pragma warning disable CA1031 // The process ends with a message and an exit code, whatever it was.
catch (Exception e)
#pragma warning restore CA1031
{
    Console.Error.WriteLine($"dataplane: {Text(e)}");
    return e is OptionException ? BadUsage : Failure;
}

// What has a message for people is told by it; of anything else the place is wanted as well.
static string Text(Exception e) => e is OptionException or XdpException or IOException or UnauthorizedAccessException or DllNotFoundException ? e.Message : $"{e}";

static async Task<int> RunAsync(DataplaneOptions options)
{
    using var loggers = LoggerFactory.Create(builder => builder.SetMinimumLevel(options.LogLevel)
        .AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace)
        .AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss.fff ";
        }));
    MachineCheck.Run(options);
    if (KernelFeatures.Probe().FirstOrDefault(f => !f.Available && !f.IsOptional) is { } missing)
    {
        Console.Error.WriteLine($"dataplane: {missing.Refusal}");
        return Failure;
    }
    var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    using var term = System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGTERM, Stop);
    using var interrupt = System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGINT, Stop);

    using var only = ProcessLock.TryTake(options.ControlSocketPath);
    if (only is null)
    {
        Console.Error.WriteLine($"dataplane: another dataplane serves {options.ControlSocketPath}, and the devices are its own; stop it first, or give this one another 'control' and other devices");
        return Failure;
    }
    using var state = StateDirectory.TryTake(options);
    if (state is null)
    {
        Console.Error.WriteLine($"dataplane: another dataplane has {options.StateDirectory}, where it notes what is changed on the node; stop it first, or give this one another 'state-dir' and other devices");
        return Failure;
    }
    using var ports = ControlPorts.Take(options);
    var failed = new FailedStart(options);
    bool isServing = false;
    try
    {
        await ServeAsync(options, loggers, ports, stopped.Task, () => isServing = true);
        return 0;
    }
#pragma warning disable CA1031 // Whatever it was, the node is not left half-way.
    catch (Exception e) when (!isServing)
#pragma warning restore CA1031
    {
        Console.Error.WriteLine($"dataplane: {Text(e)}\ndataplane: {failed.Undo()}");
        return Failure;
    }

    void Stop(System.Runtime.InteropServices.PosixSignalContext context)
    {
        context.Cancel = true;
        stopped.TrySetResult();
    }
}

static async Task ServeAsync(DataplaneOptions options, ILoggerFactory loggers, ControlPorts ports, Task stopped, Action serving)
{
    var log = loggers.CreateLogger("dataplane");
    using var node = new NodeRuntime(options, loggers);
    using var flows = new FlowWatch(node);
    await using var healthChecks = new HealthCheckPorts(
        new NodeHealth(node), loggers, address => node.Options.NodePortAddresses.Contains(address, node.Options.NodeIp), dualStack: options.DualStack);
    node.Applied += state => healthChecks.Update(HealthCheckPort.Of(state));
    node.Restore();
    var service = new ControlService(node, flows, new CaptureSession(node), healthChecks);
    IMetricsSource[] metrics = [new DataplaneMetrics(new NodeTelemetry(node)), node.Syncs, node.Sweeper.Metrics, new ProcessMetrics(StatusReport.ProductVersion)];
    await using var host = await ControlHost.StartAsync(options, service, metrics, new NodeHealth(node), loggers, ports);
    node.Settle();
    serving();
    log.LogInformation("node {Node}: control on {Socket}, {Workers} worker(s), path MTU {Mtu}", options.NodeName, options.ControlSocketPath, node.Engine.Workers.Length, node.PathMtu);

    await stopped;
    log.LogInformation("stopping");
    await host.StopAsync();
}
