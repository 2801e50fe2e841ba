using System.Diagnostics;
using System.Text;

namespace Dataplane.Testing;

/// <summary>A program that runs until it is disposed: a server, a capture, a daemon. Its output is kept for messages.</summary>
public sealed class BackgroundProcess : IDisposable
{
    private const int KeptCharacters = 1 << 20;
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly Lock _gate = new();

    private BackgroundProcess(string commandLine, Process process)
    {
        CommandLine = commandLine;
        _process = process;
        _process.OutputDataReceived += (_, line) => Append(line.Data);
        _process.ErrorDataReceived += (_, line) => Append(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>What was started, as one would type it.</summary>
    public string CommandLine { get; }

    /// <summary>Process id; nsenter and exec keep it, so it is the program's own.</summary>
    public int Id => _process.Id;

    /// <summary>True once the program has ended, for whatever reason.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Standard output and standard error so far, in order of arrival.</summary>
    public string Output
    {
        get
        {
            lock (_gate)
                return _output.ToString();
        }
    }

    /// <summary>Starts a program in the caller's network namespace.</summary>
    public static BackgroundProcess Start(string file, params string[] arguments) =>
        new(Command.Describe(file, arguments), Command.Start(file, arguments));

    /// <summary>Waits until the output contains a text; throws with the whole output when it ends or the time is over.</summary>
    public void WaitForOutput(string text, TimeSpan timeout) =>
        WaitUntil(() => Output.Contains(text, StringComparison.Ordinal), $"print \"{text}\"", timeout);

    /// <summary>Waits for a condition while the program runs; throws with its output when it ends or the time is over.</summary>
    public void WaitUntil(Func<bool> condition, string what, TimeSpan timeout)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            if (HasExited)
                throw new CommandException($"`{CommandLine}` ended before it did {what}; exit code {_process.ExitCode}\n{Output}");
            if (clock.Elapsed > timeout)
                throw new CommandException($"`{CommandLine}` did not {what} within {timeout.TotalSeconds:0.#} s\n{Output}");
            Thread.Sleep(20);
        }
    }

    /// <summary>Waits for the program to end by itself and returns its exit code.</summary>
    public int WaitForExit(TimeSpan timeout)
    {
        if (!_process.WaitForExit(timeout))
            throw new CommandException($"`{CommandLine}` did not end within {timeout.TotalSeconds:0.#} s\n{Output}");
        _process.WaitForExit(); // also until both pipes are read to their end
        return _process.ExitCode;
    }

    /// <summary>Sends a signal by name ("TERM", "INT", "STOP"); a program that is gone already is no error.</summary>
    public void Signal(string signal)
    {
        if (!HasExited)
            Command.Try(Command.DefaultTimeout, "kill", $"-{signal}", Id.ToString());
    }

    /// <summary>Asks the program to end, and ends it by force after the grace period. Returns the exit code.</summary>
    public int Stop(TimeSpan grace)
    {
        Signal("TERM");
        if (!_process.WaitForExit(grace))
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit(TimeSpan.FromSeconds(5));
        }
        return _process.HasExited ? _process.ExitCode : -1;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        Stop(TimeSpan.FromSeconds(3));
        _process.Dispose();
    }

    private void Append(string? line)
    {
        if (line is null)
            return;
        lock (_gate)
        {
            _output.Append(line).Append('\n');
            if (_output.Length > KeptCharacters)
                _output.Remove(0, _output.Length - KeptCharacters / 2);
        }
    }
}
