using Dataplane.Contracts.Grpc;
using Dataplane.Contracts.V1;
using Xunit;

namespace Dataplane.Cli.Tests;

/// <summary>Exit codes, and messages that name the remedy.</summary>
public sealed class UsageTests
{
    [Theory]
    [InlineData("", "give one of status, check")]
    [InlineData("stauts", "no such verb: stauts; give one of status")]
    [InlineData("endpoint", "give one of list, add, delete")]
    [InlineData("endpoint lsit", "no such verb: lsit; give one of list, add, delete")]
    [InlineData("status -o xml", "--output xml: no such format; use table, json or yaml")]
    [InlineData("-o xml status", "--output xml: no such format; use table, json or yaml")]
    [InlineData("status --control tcp://1.2.3.4:5", "write unix:///absolute/path")]
    [InlineData("status surplus", "'surplus'")]
    [InlineData("endpoint add", "'--pod' is required")]
    [InlineData("endpoint add --pod web-0 --ip 10.244.1.7 --netns /run/netns/a", "write it as NAMESPACE/NAME")]
    [InlineData("endpoint add --pod a/b/c --ip 10.244.1.7 --netns /run/netns/a", "write it as NAMESPACE/NAME")]
    [InlineData("endpoint add --pod a/b --ip 10.244.1 --netns /run/netns/a", "--ip 10.244.1: not an IP address")]
    [InlineData("endpoint add --pod a/b --ip 10.244.1.7,10.244.1.8 --netns /run/netns/a", "one address per family")]
    [InlineData("endpoint add --pod a/b --ip 10.244.1.7,fd00::7,fd00::8 --netns /run/netns/a", "one address per family")]
    [InlineData("endpoint add --pod a/b --ip 10.244.1.7,fd00:7 --netns /run/netns/a", "--ip fd00:7: not an IP address")]
    [InlineData("endpoint add --pod a/b --ip 10.244.1.7 --netns web", "for example /run/netns/web")]
    [InlineData("endpoint delete", "'--pod' is required")]
    [InlineData("ct list --address web", "--address web: not an IP address")]
    [InlineData("observe --drops --flows", "exclude each other")]
    [InlineData("observe -n many", "--number many: not a number")]
    [InlineData("observe -n -1", "--number -1: not a number")]
    [InlineData("capture", "'--file' is required")]
    [InlineData("capture -o x.pcapng --port eth1 --pod a/b", "exclude each other")]
    [InlineData("capture -o x.pcapng --snap 4294967296", "--snap 4294967296: not a number from 0 to 4294967295")]
    public async Task WrongCommandLinesExitWith2AndSayWhatToWrite(string commandLine, string message)
    {
        var control = new FakeControl();
        var run = await DpctlRun.Of(commandLine, control);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(message, run.Errors, StringComparison.Ordinal);
        Assert.Matches(@"\nSee: dpctl.* --help\n$", run.Errors);
        Assert.Empty(run.Output);
        Assert.False(control.WasAsked<GetStatusRequest>());
    }

    [Theory]
    [InlineData(StatusCode.Unavailable, 1, "Start it, or pass --control")]
    [InlineData(StatusCode.PermissionDenied, 1, "Run dpctl as root")]
    [InlineData(StatusCode.DeadlineExceeded, 1, "did not answer in time")]
    [InlineData(StatusCode.Unimplemented, 1, "older than dpctl")]
    [InlineData(StatusCode.AlreadyExists, 1, "it says so")]
    [InlineData(StatusCode.InvalidArgument, 2, "it says so")]
    public async Task RefusalsBecomeExitCodesWithARemedy(StatusCode code, int exitCode, string message)
    {
        var run = await DpctlRun.Of("status", new FakeControl { Failure = new RpcException(code, "it says so") });
        Assert.Equal(exitCode, run.ExitCode);
        Assert.Contains(message, run.Errors, StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task ARealMissingSocketIsExplained()
    {
        using var output = new MemoryStream();
        using var errors = new StringWriter();
        string socket = Path.Combine(Path.GetTempPath(), $"dpctl-none-{Environment.ProcessId}.sock");
        var host = CliHost.OfThisProcess() with { Output = output, Error = errors };
        Assert.Equal(1, await Dpctl.RunAsync(["--control", "unix://" + socket, "port", "list"], host, CancellationToken.None));
        Assert.Contains(socket, errors.ToString(), StringComparison.Ordinal);
        Assert.Contains("is the dataplane running?", errors.ToString(), StringComparison.Ordinal);
        Assert.Contains("--control", errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task InterruptedQuestionsFail()
    {
        using var interrupt = new CancellationTokenSource();
        interrupt.Cancel();
        var run = await DpctlRun.Of("status", new FakeControl { Failure = new OperationCanceledException() }, interrupt.Token);
        Assert.Equal((1, "dpctl: interrupted\n"), (run.ExitCode, run.Errors));
    }

    [Fact]
    public async Task AReaderWhoLeavesIsNoFailure()
    {
        var control = new FakeControl { Flows = { new FlowEvent() }, KeepsStreaming = true };
        using var pipe = new ClosedPipe();
        var run = await DpctlRun.Of(["observe"], control, pipe);
        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
    }

    [Theory]
    [MemberData(nameof(EveryVerb))]
    public async Task EveryVerbHasHelpThatShowsItsOptions(string verb)
    {
        var run = await DpctlRun.Of(verb + " --help");
        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        Assert.Contains("Description:", run.Text, StringComparison.Ordinal);
        Assert.Contains("--control <unix:///PATH>", run.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(run.Text.Split('\n'), line => line.Length > 0 && line[^1] == ']' && line.Length < 3);
        Assert.InRange(run.Text.Split('\n').Count(line => line.TrimStart().StartsWith("-o,", StringComparison.Ordinal)), 0, 1);
    }

    public static TheoryData<string> EveryVerb()
    {
        var verbs = new TheoryData<string> { "" };
        Add(Dpctl.CreateRoot(CliHost.OfThisProcess()), "", verbs);
        return verbs;
    }

    private static void Add(System.CommandLine.Command command, string path, TheoryData<string> verbs)
    {
        foreach (var verb in command.Subcommands)
        {
            verbs.Add($"{path} {verb.Name}".Trim());
            Add(verb, $"{path} {verb.Name}", verbs);
        }
    }
}
