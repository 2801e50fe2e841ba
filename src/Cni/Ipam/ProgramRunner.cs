using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Dataplane.Cni.Ipam;

/// <summary>Runs programs as processes.</summary>
internal sealed class ProgramRunner : IProgramRunner
{
    // host-local waits for a lock that other calls hold for some milliseconds.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <inheritdoc/>
    public (int ExitCode, string Output) Run(string path, string input, IReadOnlyList<KeyValuePair<string, string>> changed)
    {
        var start = new ProcessStartInfo(path)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            StandardInputEncoding = Utf8,
            StandardOutputEncoding = Utf8,
            UseShellExecute = false,
        };
        foreach (var (name, value) in changed) start.Environment[name] = value;
        try
        {
            using var process = Process.Start(start)!;
            try
            {
                process.StandardInput.Write(input);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It ended without reading all; its exit code says more than a broken pipe.
            }
            var output = process.StandardOutput.ReadToEndAsync();
            if (!output.Wait(Patience) || !process.WaitForExit(Patience))
            {
                process.Kill();
                throw new CniException(CniErrorCode.TryAgainLater, $"{path}: did not end within {Patience.TotalSeconds:0} s");
            }
            return (process.ExitCode, output.Result);
        }
        catch (Win32Exception e)
        {
            throw new CniException(CniErrorCode.IoFailure, $"{path}: cannot be started: {e.Message}", "", e);
        }
    }
}
