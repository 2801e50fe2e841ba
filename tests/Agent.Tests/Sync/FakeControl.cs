using System.Threading.Channels;
using Dataplane.Agent.Sync;
using Dataplane.Contracts.Grpc;
using Dataplane.Contracts.V1;

namespace Dataplane.Agent.Tests.Sync;

/// <summary>A dataplane that applies by the contract, or fails as told, and tells what came in.</summary>
internal sealed class FakeControl : IControlSync
{
    private readonly Channel<string> _calls = Channel.CreateUnbounded<string>();
    private readonly Lock _lock = new();

    public ulong Generation { get; set; }

    public State State { get; private set; } = new();

    /// <summary>Asked before each call ("sync", "update", "status"); an exception it throws is the answer.</summary>
    public Action<string> Before { get; set; } = _ => { };

    public Task<ulong> GetGenerationAsync(CancellationToken cancel) => Do("status", 0, () => Generation);

    public Task SyncAsync(SyncRequest request, CancellationToken cancel) => Do("sync", request.Generation, () =>
    {
        State = request.State.Clone();
        return Generation = request.Generation;
    });

    public Task UpdateAsync(UpdateRequest request, CancellationToken cancel) => Do("update", request.Generation, () =>
    {
        if (request.BaseGeneration != Generation)
            throw new RpcException(StatusCode.FailedPrecondition, $"generation is {Generation}");
        Apply(request.Upserts, request.Deletes);
        return Generation = request.Generation;
    });

    /// <summary>The next sync or update that came in, "sync 1" or "update 2"; refused ones end with "!".</summary>
    public async Task<string> NextAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        return await _calls.Reader.ReadAsync(patience.Token);
    }

    /// <summary>True when nothing came in besides what was read.</summary>
    public bool IsQuiet => _calls.Reader.Count == 0;

    private async Task<ulong> Do(string what, ulong generation, Func<ulong> action)
    {
        await Task.Yield();
        lock (_lock)
        {
            try
            {
                Before(what);
                var result = action();
                Tell(what, $"{what} {generation}");
                return result;
            }
            catch (RpcException)
            {
                Tell(what, $"{what} {generation}!");
                throw;
            }
        }
    }

    private void Tell(string what, string text)
    {
        if (what != "status")
            _calls.Writer.TryWrite(text);
    }

    // By key, and written out plainly: the code under test computes the difference, this one applies it.
    private void Apply(State upserts, State deletes)
    {
        var next = new State();
        next.Nodes.AddRange(Merge(State.Nodes, upserts.Nodes, deletes.Nodes, n => n.Name));
        next.Services.AddRange(Merge(State.Services, upserts.Services, deletes.Services, s => $"{s.Namespace}/{s.Name}/{s.PortName}/{s.Protocol}"));
        next.Identities.AddRange(Merge(State.Identities, upserts.Identities, deletes.Identities, i => $"{i.Id:D10}"));
        next.Ipcache.AddRange(Merge(State.Ipcache, upserts.Ipcache, deletes.Ipcache, e => e.Cidr));
        next.Policies.AddRange(Merge(State.Policies, upserts.Policies, deletes.Policies, p => $"{p.Id:D10}"));
        next.Workloads.AddRange(Merge(State.Workloads, upserts.Workloads, deletes.Workloads, w => $"{w.Namespace}/{w.Pod}"));
        State = next.Clone();
    }

    private static IEnumerable<T> Merge<T>(IEnumerable<T> old, IEnumerable<T> upserts, IEnumerable<T> deletes, Func<T, string> key)
    {
        var merged = old.ToDictionary(key);
        foreach (var item in deletes)
            merged.Remove(key(item));
        foreach (var item in upserts)
            merged[key(item)] = item;
        return merged.Values;
    }
}
