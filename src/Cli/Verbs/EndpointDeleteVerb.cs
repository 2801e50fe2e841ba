using System.CommandLine;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Verbs;

/// <summary>"dpctl endpoint delete": closes a pod's port and removes its veth.</summary>
internal static class EndpointDeleteVerb
{
    /// <summary>Makes the verb.</summary>
    public static Command Create(VerbRunner runner)
    {
        var pod = PodOption.Create("Pod to detach", required: true);
        var command = new Command("delete", "Close a pod's port and remove its veth; one that is not attached is no error") { pod };
        return runner.Bind(command, async (context, cancel) =>
        {
            string text = context.Arguments.GetValue(pod)!;
            var (@namespace, name) = PodOption.Split(text);
            var request = new DetachEndpointRequest { Namespace = @namespace, Pod = name };
            var response = await context.Control.DetachEndpointAsync(request, cancel);
            context.Print(response, output => output.Write($"{text} {(response.Removed ? "detached" : "was not attached")}\n"));
            return ExitCode.Success;
        });
    }
}
