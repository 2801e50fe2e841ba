using System.Diagnostics;

namespace Dataplane.Bench.EndToEnd.Shell;

/// <summary>What a finished program left behind.</summary>
public sealed record CommandResult(int ExitCode, string Output, string Error, int ProcessId);

/// <summary>Runs a program to its end, with a time limit; no shell in between, so no quoting.</summary>
public static class Command
{
    /// <summary>Runs the program and throws <see cref="BenchException"/> unless it exits with 0.</summary>
    public static async Task<CommandResult> RunAsync(
        IReadOnlyList<string> commandLine, CancellationToken cancel, string? input = null, int timeoutSeconds = 60, Action<int>? started = null)
    {
        var result = await TryRunAsync(commandLine, cancel, input, timeoutSeconds, started);
        if (result.ExitCode != 0)
        {
            throw new BenchException($"`{string.Join(' ', commandLine)}` exited with {result.ExitCode}: {Tail(result.Error + result.Output)}");
        }

        return result;
    }

    /// <summary>Runs the program; only a program that cannot start or outlives its limit (seconds) is an exception.</summary>
    public static async Task<CommandResult> TryRunAsync(
        IReadOnlyList<string> commandLine, CancellationToken cancel, string? input = null, int timeoutSeconds = 60, Action<int>? started = null)
    {
        using var process = Start(commandLine, redirectInput: input is not null);
        started?.Invoke(process.Id);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(TimeSpan.FromSeconds(timeoutSeconds));
        try
        {
            // Both pipes are read while input is written, or a chatty child would block on a full pipe.
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            if (input is not null)
            {
                await process.StandardInput.WriteAsync(input.AsMemory(), limit.Token);
                process.StandardInput.Close();
            }

            await process.WaitForExitAsync(limit.Token);
            return new CommandResult(process.ExitCode, await output, await error, process.Id);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new BenchException($"`{string.Join(' ', commandLine)}` did not end within {timeoutSeconds} s");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    internal static Process Start(IReadOnlyList<string> commandLine, bool redirectInput)
    {
        var start = new ProcessStartInfo(commandLine[0])
        {
            RedirectStandardInput = redirectInput,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in commandLine.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            return Process.Start(start) ?? throw new BenchException($"`{commandLine[0]}` did not start");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new BenchException($"cannot start `{commandLine[0]}`: {e.Message}; `./build.sh deps` installs what the bench needs");
        }
    }

    internal static string Tail(string text)
    {
        var trimmed = text.Trim();
        return trimmed.Length <= 800 ? trimmed : "... " + trimmed[^800..];
    }
}
