using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Dataplane.Contracts.V1;
using Dataplane.Control.Apply;
using Dataplane.Control.Compile;
using Dataplane.Packets;
using Dataplane.Telemetry;

namespace Dataplane.Control.Telemetry;

/// <summary>
/// Hands the workers' flow records to everybody who watches. One task reads the rings, and only while there is a watcher; each
/// watcher has a queue of its own, from which the oldest events are lost when it is too slow.
/// </summary>
public sealed class FlowWatch(NodeRuntime node) : IDisposable
{
    private const int QueueLength = 8192;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);
    private readonly Lock _lock = new();
    private readonly List<Watcher> _watchers = [];
    private readonly CancellationTokenSource _stop = new();
    private bool _reading;

    /// <summary>Events until the client goes away or has as many as it asked for.</summary>
    public async IAsyncEnumerable<FlowEvent> WatchAsync(WatchFlowsRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var filter = new FlowFilter(request);
        var events = new FlowEvents(node.Options.NodeName, id => node.Engine.PortById(id)?.Name ?? "");
        var watcher = new Watcher();
        Add(watcher);
        try
        {
            ulong sent = 0;
            await foreach (var record in watcher.Queue.Reader.ReadAllAsync(cancellationToken))
            {
                var flow = events.Make(record, node.Names);
                if (!filter.Matches(flow)) continue;
                flow.Lost = watcher.TakeLost();
                yield return flow;
                if (request.MaxEvents != 0 && ++sent == request.MaxEvents) yield break;
            }
        }
        finally
        {
            Remove(watcher);
        }
    }

    /// <summary>Ends the reading task.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    private void Add(Watcher watcher)
    {
        lock (_lock)
        {
            _watchers.Add(watcher);
            foreach (var worker in node.Engine.Workers) worker.Events.Watch(true);
            if (_reading) return;
            _reading = true;
        }
        _ = Task.Run(() => ReadAsync(_stop.Token));
    }

    private void Remove(Watcher watcher)
    {
        lock (_lock)
        {
            _watchers.Remove(watcher);
            foreach (var worker in node.Engine.Workers) worker.Events.Watch(false);
        }
    }

    private async Task ReadAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            Watcher[] watchers;
            lock (_lock)
            {
                if (_watchers.Count == 0)
                {
                    _reading = false;
                    return;
                }
                watchers = [.. _watchers];
            }
            bool any = false;
            foreach (var worker in node.Engine.Workers)
            {
                while (worker.Events.TryRead(out var record))
                {
                    any = true;
                    foreach (var watcher in watchers) watcher.Offer(record);
                }
            }
            if (!any) await Task.Delay(Pause, CancellationToken.None);
        }
    }

    private sealed class Watcher
    {
        private long _lost;

        public Watcher() => Queue = Channel.CreateBounded<FlowRecord>(
            new BoundedChannelOptions(QueueLength) { SingleReader = true, FullMode = BoundedChannelFullMode.DropOldest }, _ => Interlocked.Increment(ref _lost));

        public Channel<FlowRecord> Queue { get; }

        public void Offer(in FlowRecord record) => Queue.Writer.TryWrite(record);

        public ulong TakeLost() => (ulong)Interlocked.Exchange(ref _lost, 0);
    }
}
