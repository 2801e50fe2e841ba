using System.CommandLine;
using System.CommandLine.Parsing;
using Dataplane.Contracts.Grpc;
using Dataplane.Cli.Verbs;

namespace Dataplane.Cli;

/// <summary>The command tree, and the way from a command line to an exit code.</summary>
internal static class Dpctl
{
    /// <summary>EPIPE of Linux, which .NET hands through as the exception's HResult.</summary>
    private const int BrokenPipe = 32;

    /// <summary>Runs one command line. Never throws: failures are messages on standard error and an exit code.</summary>
    public static async Task<int> RunAsync(string[] args, CliHost host, CancellationToken cancel)
    {
        var root = CreateRoot(host);
        // Arguments that start with @ are pods or paths, never response files.
        var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
            return ReportUsage(parsed, host.Error);

        try
        {
            await using var output = new StreamWriter(host.Output, CliHost.TextEncoding, leaveOpen: true);
            var invocation = new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
                Output = output,
                Error = host.Error,
            };
            return await parsed.InvokeAsync(invocation, cancel);
        }
        catch (RpcException failure)
        {
            host.Error.WriteLine($"dpctl: {Explain(failure)}");
            return failure.StatusCode == StatusCode.InvalidArgument ? ExitCode.Usage : ExitCode.Failure;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            host.Error.WriteLine("dpctl: interrupted");
            return ExitCode.Failure;
        }
        catch (IOException failure) when (failure.HResult == BrokenPipe)
        {
            // "dpctl observe | head": the reader has what it wanted.
            return ExitCode.Success;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            host.Error.WriteLine($"dpctl: {failure.Message}");
            return ExitCode.Failure;
        }
    }

    /// <summary>All verbs, in the order of the help text.</summary>
    public static RootCommand CreateRoot(CliHost host)
    {
        var options = new GlobalOptions();
        var runner = new VerbRunner(host, options);
        return new RootCommand("Looks into a running dataplane and attaches endpoints to it.")
        {
            options.Control,
            options.Output,
            StatusVerb.Create(runner),
            CheckVerb.Create(runner),
            VersionVerb.Create(runner),
            ConfigVerb.Create(runner),
            EndpointVerb.Create(runner),
            ServiceVerb.Create(runner),
            PolicyVerb.Create(runner),
            IdentityVerb.Create(runner),
            IpcacheVerb.Create(runner),
            NodeVerb.Create(runner),
            RouteVerb.Create(runner),
            PortVerb.Create(runner),
            ConntrackVerb.Create(runner),
            NatVerb.Create(runner),
            DropsVerb.Create(runner),
            ObserveVerb.Create(runner),
            CaptureVerb.Create(runner),
            ConnectivityVerb.Create(runner),
        };
    }

    /// <summary>The service says what happened; only dpctl knows what its user can do about it.</summary>
    private static string Explain(RpcException failure) => failure.StatusCode switch
    {
        StatusCode.Unavailable => $"{failure.Detail}\nStart it, or pass --control unix:///PATH if its socket is elsewhere.",
        StatusCode.PermissionDenied => $"{failure.Detail}\nRun dpctl as root.",
        StatusCode.DeadlineExceeded => "the dataplane accepted the call but did not answer in time; see its log",
        StatusCode.Unimplemented => $"{failure.Detail}: this dataplane does not know the call; is it older than dpctl? (dpctl version)",
        _ => failure.Detail.Length == 0 ? $"{failure.StatusCode}" : failure.Detail,
    };

    private static int ReportUsage(ParseResult parsed, TextWriter error)
    {
        foreach (string problem in Problems(parsed))
            error.WriteLine($"dpctl: {problem}");

        var names = new List<string>();
        for (var at = parsed.CommandResult; at is not null; at = at.Parent as CommandResult)
            names.Insert(0, at.Command is RootCommand ? "dpctl" : at.Command.Name);
        error.WriteLine($"See: {string.Join(' ', names)} --help");
        return ExitCode.Usage;
    }

    private static IEnumerable<string> Problems(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        if (command.Subcommands.Count == 0)
            return parsed.Errors.Select(problem => problem.Message).Distinct();

        // The parser would say "Required command was not provided" of a mistyped one as well.
        string choice = $"give one of {string.Join(", ", command.Subcommands.Select(verb => verb.Name))}";
        return parsed.UnmatchedTokens is [var first, ..] ? [$"no such verb: {first}; {choice}"] : [choice];
    }
}
