namespace Dataplane.Agent.Manifests;

/// <summary>
/// Wakes the reader when something in a directory changes. It only ever says "look again": what changed is found by
/// scanning, so lost or doubled events do no harm.
/// </summary>
internal sealed class DirectoryWatch(string directory, Log log) : IDisposable
{
    private readonly SemaphoreSlim _signal = new(0, 1);
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
            _watcher.Changed += (_, _) => Wake();
            _watcher.Created += (_, _) => Wake();
            _watcher.Deleted += (_, _) => Wake();
            _watcher.Renamed += (_, _) => Wake();
            _watcher.Error += (_, _) => Wake();
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

    /// <inheritdoc/>
    public void Dispose()
    {
        _watcher?.Dispose();
        _signal.Dispose();
    }

    private void Wake()
    {
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
