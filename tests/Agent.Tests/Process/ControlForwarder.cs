using System.Reflection;
using Dataplane.Agent.Tests.Sync;
using Dataplane.Contracts;
using Dataplane.Contracts.V1;

namespace Dataplane.Agent.Tests.Process;

/// <summary>The three calls that the agent makes; the interface's others are not its business.</summary>
public class ControlForwarder : DispatchProxy
{
    internal FakeControl Control { get; set; } = new();

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => (targetMethod!.Name, args![0]) switch
    {
        (nameof(IControlService.SyncAsync), SyncRequest request) => SyncAsync(request),
        (nameof(IControlService.UpdateAsync), UpdateRequest request) => UpdateAsync(request),
        (nameof(IControlService.GetStatusAsync), _) => StatusAsync(),
        _ => throw new NotSupportedException(targetMethod.Name),
    };

    private async Task<SyncResponse> SyncAsync(SyncRequest request)
    {
        await Control.SyncAsync(request, CancellationToken.None);
        return new SyncResponse { Generation = request.Generation };
    }

    private async Task<UpdateResponse> UpdateAsync(UpdateRequest request)
    {
        await Control.UpdateAsync(request, CancellationToken.None);
        return new UpdateResponse { Generation = request.Generation };
    }

    private async Task<Status> StatusAsync() => new() { Generation = await Control.GetGenerationAsync(CancellationToken.None) };
}
