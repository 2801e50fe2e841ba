using System.Diagnostics;

namespace Dataplane.Testing.Cni;

/// <summary>Plugins as processes in a node's network namespace.</summary>
public static class PluginProcess
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Runs a plugin to its end.</summary>
    /// <param name="node">Where it runs.</param>
    /// <param name="path">The program.</param>
    /// <param name="variables">CNI_ variables.</param>
    /// <param name="configuration">Its standard input.</param>
    public static CommandResult Run(NetworkNamespace node, string path, IReadOnlyDictionary<string, string> variables, string configuration)
    {
        using var process = Start(node, path, variables, configuration);
        return Finish(process, path);
    }

    /// <summary>Runs a plugin and kills it after a time, if it has not ended by then. Its children live on, as they do under a runtime.</summary>
    /// <returns>Whether it was killed.</returns>
    public static bool RunAndKill(NetworkNamespace node, string path, IReadOnlyDictionary<string, string> variables, string configuration, TimeSpan after)
    {
        using var process = Start(node, path, variables, configuration);
        if (process.WaitForExit(after)) return false;
        process.Kill();
        process.WaitForExit();
        return process.ExitCode == 128 + 9;
    }

    private static Process Start(NetworkNamespace node, string path, IReadOnlyDictionary<string, string> variables, string configuration)
    {
        var start = new ProcessStartInfo("nsenter", ["--net=" + node.Path, "--", path])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        foreach (var (name, value) in variables) start.Environment[name] = value;
        var process = Process.Start(start)!;
        process.StandardInput.Write(configuration);
        process.StandardInput.Close();
        return process;
    }

    private static CommandResult Finish(Process process, string path)
    {
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        if (process.WaitForExit(Patience)) return new CommandResult(path, process.ExitCode, output.Result, error.Result);
        process.Kill(entireProcessTree: true);
        throw new CommandException($"{path} did not end within {Patience.TotalSeconds:0} s");
    }
}
