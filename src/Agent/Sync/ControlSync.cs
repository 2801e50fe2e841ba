using Dataplane.Contracts;
using Dataplane.Contracts.V1;

namespace Dataplane.Agent.Sync;

/// <summary>The control service over its Unix socket; connects at the first call and again after a loss.</summary>
public sealed class ControlSync : IControlSync, IDisposable
{
    // A state of 10,000 services takes well under a second to apply; a dataplane that takes this long is stuck.
    private static readonly TimeSpan ApplyDeadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StatusDeadline = TimeSpan.FromSeconds(5);

    private readonly ControlClient _apply;
    private readonly ControlClient _status;

    /// <summary>Makes the client; nothing is connected yet.</summary>
    /// <exception cref="ArgumentException">The address is not unix:///PATH.</exception>
    public ControlSync(string address)
    {
        _apply = new ControlClient(address, ApplyDeadline);
        _status = _apply.WithTimeout(StatusDeadline);
    }

    /// <inheritdoc/>
    public async Task<ulong> GetGenerationAsync(CancellationToken cancel) =>
        (await _status.GetStatusAsync(new GetStatusRequest(), cancel).ConfigureAwait(false)).Generation;

    /// <inheritdoc/>
    public Task SyncAsync(SyncRequest request, CancellationToken cancel) => _apply.SyncAsync(request, cancel);

    /// <inheritdoc/>
    public Task UpdateAsync(UpdateRequest request, CancellationToken cancel) => _apply.UpdateAsync(request, cancel);

    /// <inheritdoc/>
    public void Dispose()
    {
        _status.Dispose();
        _apply.Dispose();
    }
}
