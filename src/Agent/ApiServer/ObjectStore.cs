using System.Threading.Channels;
using Dataplane.Agent.Model;

namespace Dataplane.Agent.ApiServer;

/// <summary>
/// What is known of the server's objects. There is no view before every kind was listed once (K32, F4, F6); after that views
/// only change by what the server says. Each kind has one writer; views are taken by one reader.
/// </summary>
internal sealed class ObjectStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Dictionary<ObjectKey, StoredObject>> _kinds = [];
    private readonly HashSet<string> _missing;
    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    // What changed since the last view: what is in force now, or what went.
    private readonly Dictionary<ObjectKey, (KubeObject Object, bool IsGone)> _pending = [];
    private ClusterObjects? _view;

    /// <summary>Makes a store that waits for these kinds.</summary>
    public ObjectStore(IEnumerable<string> kinds)
    {
        _missing = [.. kinds];
        foreach (var kind in _missing)
            _kinds.Add(kind, []);
    }

    /// <summary>Objects of a kind that cannot be read.</summary>
    public int CountFaults(string kind)
    {
        lock (_lock)
            return _kinds[kind].Values.Count(o => o.Fault.Length > 0);
    }

    /// <summary>What is known of an object; null: nothing.</summary>
    public StoredObject? Find(ObjectKey key)
    {
        lock (_lock)
            return _kinds[key.Kind].GetValueOrDefault(key);
    }

    /// <summary>Takes a complete list over: what is not in it is gone (F6).</summary>
    public void Replace(string kind, Dictionary<ObjectKey, StoredObject> listed)
    {
        lock (_lock)
        {
            foreach (var (key, before) in _kinds[kind])
            {
                if (!listed.ContainsKey(key))
                    Note(key, before, null);
            }
            foreach (var (key, after) in listed)
                Note(key, _kinds[kind].GetValueOrDefault(key), after);
            _kinds[kind] = listed;
            _missing.Remove(kind);
        }
        _changes.Writer.TryWrite(true);
    }

    /// <summary>Takes an object over.</summary>
    public void Put(ObjectKey key, StoredObject after)
    {
        lock (_lock)
        {
            Note(key, _kinds[key.Kind].GetValueOrDefault(key), after);
            _kinds[key.Kind][key] = after;
        }
        _changes.Writer.TryWrite(true);
    }

    /// <summary>Drops an object.</summary>
    public void Remove(ObjectKey key)
    {
        lock (_lock)
        {
            if (!_kinds[key.Kind].Remove(key, out var before))
                return;
            Note(key, before, null);
        }
        _changes.Writer.TryWrite(true);
    }

    /// <summary>Waits until something may have changed.</summary>
    public async ValueTask WaitAsync(CancellationToken cancel) => await _changes.Reader.ReadAsync(cancel).ConfigureAwait(false);

    /// <summary>The view now; null: there is none yet, or it is the last one.</summary>
    public ClusterObjects? Take()
    {
        lock (_lock)
        {
            if (_missing.Count > 0 || (_view is not null && _pending.Count == 0))
                return null;
            List<KubeObject> removed = [], added = [];
            foreach (var (changed, isGone) in _pending.Values)
                (isGone ? removed : added).Add(changed);
            _pending.Clear();
            return _view = _view is null ? ClusterObjects.Of(added) : _view.With(removed, added);
        }
    }

    private void Note(ObjectKey key, StoredObject? before, StoredObject? after)
    {
        if (ReferenceEquals(before?.Object, after?.Object))
            return;
        if ((after?.Object ?? before?.Object) is { } changed)
            _pending[key] = (changed, after?.Object is null);
    }
}
