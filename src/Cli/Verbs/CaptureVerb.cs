using System.CommandLine;
using Dataplane.Cli.Capture;
using Dataplane.Contracts.Grpc;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Verbs;

/// <summary>"dpctl capture": frames of the ports, with drop reasons, as a pcapng file.</summary>
internal static class CaptureVerb
{
    private const string StandardOutputName = "-";

    // A dataplane that refuses does so at once. One that accepts is silent until it has a frame.
    private static readonly TimeSpan RefusalTime = TimeSpan.FromMilliseconds(500);

    /// <summary>Makes the verb. Here -o is the file: a capture has one format.</summary>
    public static Command Create(VerbRunner runner)
    {
        var file = new Option<string>("--file", "-o") { Description = "File to write, '-' for standard output", HelpName = "FILE.pcapng", Required = true };
        var port = new Option<string?>("--port") { Description = "Only frames of this port (see: dpctl port list)", HelpName = "NAME" };
        var pod = PodOption.Create("Only frames of this pod's port");
        var address = AddressOption.Create("Only frames with this address on either side, outer or inner");
        var snap = NumberOption.Create("Bytes kept of each frame; 0: whole frames", uint.MaxValue, "--snap");
        var count = NumberOption.Create("Stop after this many frames; 0: at Ctrl-C", ulong.MaxValue, "--count", "-c");
        var command = new Command("capture", "Write frames as they enter and leave ports to a pcapng file, until Ctrl-C")
        {
            file, port, pod, address, snap, count,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(port) is not null && result.GetResult(pod) is not null)
                result.AddError("--port and --pod exclude each other; a pod has one port");
        });
        return runner.BindFormatlessStream(command, (context, cancel) => CaptureAsync(
            context,
            context.Arguments.GetValue(file)!,
            new CaptureRequest
            {
                Port = context.Arguments.GetValue(port) ?? context.Arguments.GetValue(pod) ?? "",
                Address = context.Arguments.GetValue(address) ?? "",
                SnapLength = (uint)context.Arguments.GetValue(snap),
                MaxFrames = context.Arguments.GetValue(count),
            },
            cancel));
    }

    private static async Task<int> CaptureAsync(VerbContext context, string file, CaptureRequest request, CancellationToken cancel)
    {
        if (file == StandardOutputName && context.Host.OutputIsTerminal)
        {
            context.Host.Error.WriteLine("dpctl: not writing a capture to a terminal; pipe it (-o - | tcpdump -r -) or give a file");
            return ExitCode.Usage;
        }

        // Before the file is made: a dataplane that does not run should leave no empty file behind.
        var version = await context.Control.GetVersionAsync(new GetVersionRequest(), cancel);
        var section = new PcapngSection($"dpctl {VersionVerb.OfDpctl}", $"Linux {version.Kernel}", $"dataplane {version.Version_}");
        bool isNew = !File.Exists(file), accepted = false;
        await using var made = file == StandardOutputName ? null : OpenFile(file);
        try
        {
            await using var frames = context.Control.CaptureAsync(request, cancel).GetAsyncEnumerator(cancel);
            var first = frames.MoveNextAsync().AsTask();
            await Task.WhenAny(first, Task.Delay(RefusalTime, cancel));
            if (first.IsFaulted)
                await first;
            accepted = true;
            made?.SetLength(0);
            context.Host.Error.WriteLine($"dpctl: capturing {Describe(request)}; Ctrl-C ends");
            var (count, lost) = await CaptureFile.WriteAsync(made ?? context.Host.Output, section, request.SnapLength, frames, first, cancel);
            context.Host.Error.WriteLine($"dpctl: {count} frames captured, {lost} lost");
            return ExitCode.Success;
        }
        catch (RpcException refusal) when (!accepted)
        {
            if (isNew && made is not null)
                File.Delete(file);
            throw refusal.StatusCode == StatusCode.NotFound ? new RpcException(StatusCode.NotFound, Unknown(request.Port)) : refusal;
        }
    }

    /// <summary>
    /// What is in the file stays until the dataplane has accepted. Packets are other people's data: nobody but the owner may read a file that is made here.
    /// </summary>
    private static FileStream OpenFile(string path)
    {
        try
        {
            return new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                BufferSize = 0,
            });
        }
        catch (DirectoryNotFoundException)
        {
            throw new IOException($"-o {path}: there is no directory {Path.GetDirectoryName(path)}; make it, or give another file");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"-o {path}: cannot be written: {e.Message}");
        }
    }

    private static string Unknown(string port) => port.Contains('/', StringComparison.Ordinal)
        ? $"--pod {port}: no such pod is attached at this node; see: dpctl endpoint list"
        : $"--port {port}: this node has no such port; see: dpctl port list";

    private static string Describe(CaptureRequest request) =>
        (request.Port.Length == 0 ? "on every port" : $"on {request.Port}") +
        (request.Address.Length == 0 ? "" : $", frames of {request.Address}");
}
