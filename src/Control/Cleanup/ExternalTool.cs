using System.ComponentModel;
using System.Diagnostics;
using Xdp.Interop;

namespace Dataplane.Control.Cleanup;

/// <summary>
/// A program of the node (iptables-save, nft ...) that is run to its end. It runs in the network namespace of the thread that starts it. Found in PATH, and where
/// administration programs are when PATH lacks them.
/// </summary>
internal sealed class ExternalTool
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2); // tens of thousands of rules
    private readonly string _path;

    private ExternalTool(string name, string path)
    {
        Name = name;
        _path = path;
    }

    /// <summary>As it is called.</summary>
    public string Name { get; }

    /// <summary>The program, or null when it is not installed.</summary>
    /// <param name="name">As it is called.</param>
    /// <param name="path">Folders, as in PATH; null for PATH.</param>
    public static ExternalTool? Find(string name, string? path = null)
    {
        foreach (string folder in (path ?? Environment.GetEnvironmentVariable("PATH") + ":/usr/sbin:/sbin").Split(':'))
        {
            if (folder.Length > 0 && File.Exists(Path.Combine(folder, name))) return new ExternalTool(name, Path.Combine(folder, name));
        }
        return null;
    }

    /// <summary>Runs it and returns what it printed.</summary>
    /// <param name="arguments">One per word.</param>
    /// <param name="input">What it reads; null for nothing.</param>
    /// <exception cref="XdpException">It could not be started, failed, or did not end.</exception>
    public string Run(IEnumerable<string> arguments, string? input = null) =>
        TryRun(arguments, out string output, out string error, input) ? output : throw new XdpException($"{Name} {string.Join(' ', arguments)}", Errno.EIO, error.Trim());

    /// <summary>Runs it; false when it failed.</summary>
    /// <exception cref="XdpException">It could not be started, or did not end.</exception>
    public bool TryRun(IEnumerable<string> arguments, out string output, out string error, string? input = null)
    {
        var start = new ProcessStartInfo(_path, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["LC_ALL"] = "C"; // the output is parsed
        try
        {
            using var process = Process.Start(start)!;
            // All three pipes at once, or a talkative program would block on a full one.
            var reading = process.StandardOutput.ReadToEndAsync();
            var complaining = process.StandardError.ReadToEndAsync();
            try
            {
                if (input is not null) process.StandardInput.Write(input);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It ended without reading; its exit code tells why.
            }
            if (!process.WaitForExit(Patience))
            {
                process.Kill(entireProcessTree: true);
                throw new XdpException($"{Name} {string.Join(' ', arguments)}", Errno.ETIMEDOUT, $"it did not end within {Patience.TotalMinutes} minutes");
            }
            (output, error) = (reading.GetAwaiter().GetResult(), complaining.GetAwaiter().GetResult());
            return process.ExitCode == 0;
        }
        catch (Win32Exception e)
        {
            throw new XdpException($"start {_path}", (Errno)e.NativeErrorCode, e.Message);
        }
    }
}
