using System.Diagnostics;
using System.Runtime.InteropServices;
using Dataplane.Cli;

// timeout(1) and shells signal both the process and its group: what follows at once is the same interrupt.
var oneInterrupt = TimeSpan.FromSeconds(1);
var sinceInterrupt = new Stopwatch();
using var interrupted = new CancellationTokenSource();
// Ours rather than the runtime's: the stream verbs end with a complete file and exit code 0, not by being killed.
using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

var host = CliHost.OfThisProcess();
return await Dpctl.RunAsync(args, host, interrupted.Token);

void Stop(PosixSignalContext context)
{
    // A second one, later, kills: whatever hangs, the operator gets the prompt back.
    context.Cancel = sinceInterrupt.Elapsed < oneInterrupt;
    if (sinceInterrupt.IsRunning)
        return;
    sinceInterrupt.Start();
    interrupted.Cancel();
}
