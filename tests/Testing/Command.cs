using System.Buffers;
using System.ComponentModel;
using System.Diagnostics;

namespace Dataplane.Testing;

/// <summary>Runs programs to their end, with a time limit and captured output.</summary>
public static class Command
{
    /// <summary>Time limit where none is given.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Runs a program; throws <see cref="CommandException"/> unless it exits with 0 within the default limit.</summary>
    public static CommandResult Run(string file, params string[] arguments) => Run(DefaultTimeout, file, arguments);

    /// <summary>Runs a program; throws <see cref="CommandException"/> unless it exits with 0 within the limit.</summary>
    public static CommandResult Run(TimeSpan timeout, string file, params string[] arguments) =>
        Try(timeout, file, arguments).EnsureSuccess();

    /// <summary>Runs a program and returns how it ended; throws only when it cannot be started or takes too long.</summary>
    public static CommandResult Try(TimeSpan timeout, string file, params string[] arguments)
    {
        string line = Describe(file, arguments);
        using Process process = Start(file, arguments);
        // Both pipes are drained all the time, or a talkative program would block on a full one.
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(timeout))
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit(TimeSpan.FromSeconds(5));
            throw new CommandException($"`{line}` did not end within {timeout.TotalSeconds:0.#} s\n{Drain(error)}\n{Drain(output)}");
        }
        return new CommandResult(line, process.ExitCode, Drain(output), Drain(error));
    }

    /// <summary>Runs a bash script with errexit and pipefail; throws unless it succeeds within the limit.</summary>
    public static CommandResult Script(string script, TimeSpan? timeout = null) =>
        Run(timeout ?? DefaultTimeout, "bash", "-euo", "pipefail", "-c", script);

    private static readonly SearchValues<char> ShellSpecial = SearchValues.Create(" \n\t'\"$;|&<>*");

    internal static Process Start(string file, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        start.Environment["LC_ALL"] = "C.UTF-8"; // the output is parsed
        try
        {
            Process process = Process.Start(start)!;
            process.StandardInput.Close();
            return process;
        }
        catch (Win32Exception cause)
        {
            throw new CommandException($"cannot start `{file}`: {cause.Message}; ./build.sh deps installs what the tests use", cause);
        }
    }

    internal static string Describe(string file, IEnumerable<string> arguments) =>
        string.Join(' ', arguments.Prepend(file).Select(Quote));

    private static string Quote(string argument) =>
        argument.Length > 0 && !argument.AsSpan().ContainsAny(ShellSpecial) ? argument : "'" + argument.Replace("'", "'\\''", StringComparison.Ordinal) + "'";

    // A grandchild that inherited the pipe can keep it open after the program has ended.
    private static string Drain(Task<string> reader) =>
        reader.Wait(TimeSpan.FromSeconds(2)) ? reader.Result : "(output still open)";
}
