using System.Diagnostics;
using System.Text;

namespace Dataplane.Bench.EndToEnd.Shell;

/// <summary>A server that lives as long as its topology: stopped by SIGTERM, then SIGKILL after two seconds.</summary>
public sealed class BackgroundProcess : IAsyncDisposable
{
    private const int KeptOutput = 16 * 1024; // characters: enough for a stack trace in the failure message
    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private BackgroundProcess(string name, Process process)
    {
        Name = name;
        _process = process;
        process.OutputDataReceived += (_, e) => Keep(e.Data);
        process.ErrorDataReceived += (_, e) => Keep(e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>The name in reports, for example "dataplane n1".</summary>
    public string Name { get; }

    /// <summary>The process id of the program itself (nsenter execs, it does not fork).</summary>
    public int Id => _process.Id;

    /// <summary>True once the program has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>The last output of the program, for failure messages.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return Command.Tail(_output.ToString());
            }
        }
    }

    /// <summary>Starts the program.</summary>
    public static BackgroundProcess Start(string name, IReadOnlyList<string> commandLine) =>
        new(name, Command.Start(commandLine, redirectInput: false));

    /// <summary>Throws when the program has ended, with its last output.</summary>
    public void ThrowIfExited()
    {
        if (_process.HasExited)
        {
            throw new BenchException($"{Name} ended with exit code {_process.ExitCode}: {Output}");
        }
    }

    /// <summary>Waits until the program has written the text; throws when it ends or the time passes before.</summary>
    public async Task WaitForOutputAsync(string text, TimeSpan time, CancellationToken cancel)
    {
        for (var watch = Stopwatch.StartNew(); !Output.Contains(text, StringComparison.Ordinal); await Task.Delay(10, cancel))
        {
            ThrowIfExited();
            if (watch.Elapsed > time)
            {
                throw new BenchException($"{Name} did not say \"{text}\": {Output}");
            }
        }
    }

    /// <summary>Waits until the program has ended by itself and its output is complete.</summary>
    public async Task WaitForExitAsync(TimeSpan time, CancellationToken cancel)
    {
        try
        {
            await _process.WaitForExitAsync(cancel).WaitAsync(time, cancel);
        }
        catch (TimeoutException)
        {
            throw new BenchException($"{Name} did not end within {time.TotalSeconds} s: {Output}");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            // Through kill(1): .NET has no SIGTERM of its own.
            await Command.TryRunAsync(["kill", "-TERM", _process.Id.ToString()], CancellationToken.None);
            try
            {
                await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(2));
            }
            catch (TimeoutException)
            {
                _process.Kill(entireProcessTree: true);
            }
        }

        _process.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_output)
        {
            _output.AppendLine(line);
            if (_output.Length > KeptOutput)
            {
                _output.Remove(0, _output.Length - KeptOutput);
            }
        }
    }
}
