using System.Runtime.InteropServices;
using Dataplane.Cli;

using var interrupted = new CancellationTokenSource();
// Ours rather than the runtime's: the stream verbs end with a complete file and exit code 0, not by being killed.
using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

var host = CliHost.OfThisProcess();
return await Dpctl.RunAsync(args, host, interrupted.Token);

void Stop(PosixSignalContext context)
{
    // A second signal kills: whatever hangs, the operator gets the prompt back.
    context.Cancel = !interrupted.IsCancellationRequested;
    interrupted.Cancel();
}
