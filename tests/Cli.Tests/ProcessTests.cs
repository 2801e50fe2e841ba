using Dataplane.Cli.Tests.Capture;
using Dataplane.Contracts.V1;
using Dataplane.Control.Server;
using Dataplane.Testing;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Dataplane.Cli.Tests;

/// <summary>The dpctl program itself, in a shell, against the real server on a real socket.</summary>
public sealed class ProcessTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "dpctl");

    private readonly string _folder = Directory.CreateTempSubdirectory("dpctl-").FullName;
    private readonly FakeControl _control = SampleNode.Create();
    private readonly GrpcListener _server;

    public ProcessTests()
    {
        _server = new GrpcListener(Socket, _control, NullLoggerFactory.Instance);
        _server.StartAsync().GetAwaiter().GetResult();
    }

    private string Socket => Path.Combine(_folder, "control.sock");

    private string Dpctl => $"{Program} --control {Socket}";

    public void Dispose()
    {
        _server.DisposeAsync().AsTask().GetAwaiter().GetResult();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task PrintsTheSameAsInProcess() =>
        Assert.Equal(await DpctlRun.Print("service list", _control), Command.Script($"{Dpctl} service list").Output);

    [Fact]
    public void EndsWhenItsReaderLeaves()
    {
        _control.KeepsStreaming = true;
        for (int flow = 0; flow < 5000; flow++)
            _control.Flows.Add(new FlowEvent { Source = "10.244.1.7" });
        Assert.Equal("1\n0 0\n", Command.Script($"{Dpctl} observe | head -1 | wc -l; echo ${{PIPESTATUS[0]}} ${{PIPESTATUS[1]}}", Patience).Output);
    }

    [Fact]
    public void CommandsShareARedirectedFile()
    {
        string file = Path.Combine(_folder, "out");
        Command.Script($"{{ {Dpctl} ipcache list; {Dpctl} ipcache list; }} > {file}");
        Assert.Equal(6, File.ReadAllLines(file).Length);
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public void SignalsEndACaptureWithACompleteFile(string signal)
    {
        string file = Path.Combine(_folder, $"{signal}.pcapng");
        _control.KeepsStreaming = true;
        _control.Frames.Add(new CapturedFrame { Port = "eth1", Length = 60, Data = ByteString.CopyFrom(new byte[60]) });
        using var capture = BackgroundProcess.Start(Program, "--control", Socket, "capture", "-o", file);
        // Header, interface and frame are there before the signal: nothing is held back while no frame comes.
        capture.WaitUntil(() => File.Exists(file) && new FileInfo(file).Length > 200, "write the frame", Patience);
        capture.Signal(signal);
        Assert.Equal(0, capture.WaitForExit(Patience));
        Assert.Equal(3, PcapngReader.Read(File.ReadAllBytes(file)).Count);
        Assert.Contains("1 frames captured", capture.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void ASignalThatComesTwiceIsOneInterrupt()
    {
        string file = Path.Combine(_folder, "twice.pcapng");
        _control.KeepsStreaming = true;
        // timeout(1) signals the process, and then its own group, which the process is in.
        var result = Command.Try(Patience, "bash", "-c", $"timeout --preserve-status -s INT 2 {Dpctl} capture -o {file}");
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("0 frames captured", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void SignalsEndAnObservation()
    {
        _control.KeepsStreaming = true;
        _control.Flows.Add(new FlowEvent { Source = "10.244.1.7", Destination = "10.244.1.8" });
        using var observe = BackgroundProcess.Start(Program, "--control", Socket, "observe");
        observe.WaitForOutput("10.244.1.7", Patience);
        observe.Signal("INT");
        Assert.Equal(0, observe.WaitForExit(Patience));
    }
}
