using System.Text;

namespace Dataplane.Cli.Tests;

/// <summary>One run of dpctl against a <see cref="FakeControl"/>.</summary>
/// <param name="ExitCode">What the shell would see.</param>
/// <param name="Output">Bytes of standard output.</param>
/// <param name="Errors">Text of standard error.</param>
internal sealed record DpctlRun(int ExitCode, byte[] Output, string Errors)
{
    public string Text => Encoding.UTF8.GetString(Output);

    /// <summary>Runs a command line, given as the shell would split it at blanks.</summary>
    public static Task<DpctlRun> Of(string commandLine, FakeControl? control = null, CancellationToken cancel = default) =>
        Of(commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries), control, cancel: cancel);

    /// <summary>Runs a command line.</summary>
    public static async Task<DpctlRun> Of(
        string[] arguments, FakeControl? control = null, Stream? output = null, bool terminal = false, CancellationToken cancel = default)
    {
        using var memory = new MemoryStream();
        using var errors = new StringWriter { NewLine = "\n" };
        var host = new CliHost(output ?? memory, errors, (_, _) => control ?? new FakeControl(), TimeZoneInfo.Utc, terminal);
        int exitCode = await Dpctl.RunAsync(arguments, host, cancel);
        return new DpctlRun(exitCode, memory.ToArray(), errors.ToString());
    }

    /// <summary>Runs a command line that must succeed without a word on standard error, and returns what it printed.</summary>
    public static async Task<string> Print(string commandLine, FakeControl control)
    {
        var run = await Of(commandLine, control);
        Xunit.Assert.Equal(("", 0), (run.Errors, run.ExitCode));
        return run.Text;
    }
}
