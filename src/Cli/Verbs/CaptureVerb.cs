using System.CommandLine;
using Dataplane.Cli.Capture;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Verbs;

/// <summary>"dpctl capture": frames of the ports, with drop reasons, as a pcapng file.</summary>
internal static class CaptureVerb
{
    private const string StandardOutputName = "-";

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
        var stream = file == StandardOutputName ? context.Host.Output : CreateFile(file);
        await using var owned = file == StandardOutputName ? null : stream;
        var section = new PcapngSection($"dpctl {VersionVerb.OfDpctl}", $"Linux {version.Kernel}", $"dataplane {version.Version_}");
        context.Host.Error.WriteLine($"dpctl: capturing {Describe(request)}; Ctrl-C ends");
        var (frames, lost) = await CaptureFile.WriteAsync(
            stream, section, request.SnapLength, context.Control.CaptureAsync(request, cancel), cancel);
        context.Host.Error.WriteLine($"dpctl: {frames} frames captured, {lost} lost");
        return ExitCode.Success;
    }

    /// <summary>Packets are other people's data: nobody but the owner may read the file.</summary>
    private static FileStream CreateFile(string path) => new(path, new FileStreamOptions
    {
        Mode = FileMode.Create,
        Access = FileAccess.Write,
        UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        BufferSize = 0,
    });

    private static string Describe(CaptureRequest request) =>
        (request.Port.Length == 0 ? "on every port" : $"on {request.Port}") +
        (request.Address.Length == 0 ? "" : $", frames of {request.Address}");
}
