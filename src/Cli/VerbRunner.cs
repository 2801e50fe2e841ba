using System.CommandLine;
using Dataplane.Contracts;

namespace Dataplane.Cli;

/// <summary>Turns a verb's body into a command action: connects before it, flushes after it.</summary>
internal sealed class VerbRunner(CliHost host, GlobalOptions options)
{
    private const int OutputBufferChars = 32768;

    /// <summary>A dataplane that does not answer a simple question by then is stuck.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Makes the verb what <paramref name="command"/> does, and gives it -o. The verb returns the exit code.</summary>
    public Command Bind(Command command, Func<VerbContext, CancellationToken, Task<int>> verb)
    {
        command.Add(options.VerbOutput);
        return BindPlain(command, AnswerTimeout, verb);
    }

    /// <summary>The same for a verb that lasts as long as somebody reads.</summary>
    public Command BindStream(Command command, Func<VerbContext, CancellationToken, Task<int>> verb)
    {
        command.Add(options.VerbOutput);
        return BindPlain(command, timeout: null, verb);
    }

    /// <summary>The same for a stream that has one format only, and so no -o of ours.</summary>
    public Command BindFormatlessStream(Command command, Func<VerbContext, CancellationToken, Task<int>> verb) =>
        BindPlain(command, timeout: null, verb);

    private Command BindPlain(Command command, TimeSpan? timeout, Func<VerbContext, CancellationToken, Task<int>> verb)
    {
        command.SetAction(async (arguments, cancel) =>
        {
            IControlService control = host.Connect(options.AddressOf(arguments), timeout);
            using var connection = control as IDisposable;
            var output = new StreamWriter(host.Output, CliHost.TextEncoding, OutputBufferChars, leaveOpen: true) { NewLine = "\n" };
            var context = new VerbContext(host, arguments, control, options.FormatOf(arguments), output);
            int exitCode = await verb(context, cancel);
            await output.FlushAsync(CancellationToken.None);
            return exitCode;
        });
        return command;
    }
}
