namespace Dataplane.Agent.Manifests;

/// <summary>
/// Wakes the reader when something in a directory changes, and tells where to look first. What changed is found by reading,
/// and everything is looked at now and then, so lost or doubled events do no harm.
/// </summary>
internal sealed class DirectoryWatch(string directory, Log log) : IDisposable
{
    // With more of them, looking at everything is as good.
    private const int MostNames = 1000;

    private readonly SemaphoreSlim _signal = new(0, 1);
    private readonly Lock _lock = new();
    private HashSet<string>? _names = new(StringComparer.Ordinal);
    private FileSystemWatcher? _watcher;
    private string _fault = "";

    /// <summary>Starts to watch, or starts anew (the directory may have been replaced by another).</summary>
    public void Start()
    {
        _watcher?.Dispose();
        _watcher = null;
        try
        {
            _watcher = new FileSystemWatcher(directory)
            {
                NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName | NotifyFilters.LastWrite | NotifyFilters.Size,
            };
            _watcher.Changed += (_, e) => Wake(e.Name);
            _watcher.Created += (_, e) => Wake(e.Name);
            _watcher.Deleted += (_, e) => Wake(e.Name);
            _watcher.Renamed += (_, e) =>
            {
                Wake(e.OldName);
                Wake(e.Name);
            };
            // Events were lost.
            _watcher.Error += (_, _) => Wake(null);
            _watcher.EnableRaisingEvents = true;
            _fault = "";
        }
        catch (Exception e) when (e is IOException or ArgumentException or UnauthorizedAccessException)
        {
            // Inotify watches are a limited resource of the machine; the periodic scan still finds every change.
            if (_fault != e.Message)
                log.Warning($"{directory}: cannot be watched ({e.Message}); changes are found by scanning");
            _fault = e.Message;
            _watcher?.Dispose();
            _watcher = null;
        }
    }

    /// <summary>True when woken, false when the time was up.</summary>
    public Task<bool> WaitAsync(TimeSpan time, CancellationToken cancel) => _signal.WaitAsync(time, cancel);

    /// <summary>The names in the directory that events spoke of since the last call; null: look at everything.</summary>
    public IReadOnlyCollection<string>? TakeNames()
    {
        lock (_lock)
        {
            var names = _names;
            _names = new HashSet<string>(StringComparer.Ordinal);
            return names;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _watcher?.Dispose();
        _signal.Dispose();
    }

    private void Wake(string? name)
    {
        lock (_lock)
        {
            if (string.IsNullOrEmpty(name) || _names?.Count == MostNames)
                _names = null;
            else
                _names?.Add(name);
        }
        try
        {
            if (_signal.CurrentCount == 0)
                _signal.Release();
        }
        catch (Exception e) when (e is SemaphoreFullException or ObjectDisposedException)
        {
            // Woken already, or going down.
        }
    }
}
