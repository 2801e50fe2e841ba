using System.Runtime.InteropServices;
using Dataplane.Agent;

// Lives as long as the process: a late second signal must not find it disposed.
var interrupted = new CancellationTokenSource();
using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
return await AgentCommand.RunAsync(args, Console.Out, Console.Error, interrupted.Token);

void Stop(PosixSignalContext context)
{
    // A second signal kills: whatever hangs, the operator gets the prompt back.
    context.Cancel = !interrupted.IsCancellationRequested;
    interrupted.Cancel();
}
