using Dataplane.Agent.Model;

namespace Dataplane.Agent.Manifests;

/// <summary>
/// The files of a directory as one set of objects. A scan is atomic per file: of a bad file the last good version stays
/// in force. Each fault is logged once per change of the file. Not safe for use by several threads.
/// </summary>
public sealed class ManifestDirectory(string directory, Log log)
{
    // Parsing is what reading costs: some cores, and some left to those who have work to do.
    private static readonly ParallelOptions s_parallel = new() { MaxDegreeOfParallelism = Math.Min(Environment.ProcessorCount, 4) };

    private readonly Dictionary<string, ManifestFile> _files = new(StringComparer.Ordinal);
    private readonly ObjectOwners _owners = new();

    // What was read and is not in force yet: a scan that cannot list the directory leaves it to the next.
    private readonly SortedDictionary<string, ManifestFile> _changed = new(StringComparer.Ordinal);
    private readonly List<ManifestFile> _gone = [];
    private ClusterObjects _objects = ClusterObjects.Empty;
    private List<ManifestError> _errors = [];
    private string _directoryFault = "";

    /// <summary>Reads what changed and says what is in force now.</summary>
    public ScanResult Scan() => Scan(null);

    /// <summary>The same, at the cost of what changed where every file is good.</summary>
    /// <param name="names">Names in the directory that may have changed; null: any may.</param>
    public ScanResult Scan(IReadOnlyCollection<string>? names)
    {
        var paths = names is null ? null : PathsOf(names);
        if (!(paths is not null && TryRefreshSome(paths)) && !TryRefreshAll())
            return new ScanResult(_objects, false, [new ManifestError(directory, 0, 0, _directoryFault)], _files.Count == 0);
        var before = _objects;
        List<KubeObject> removed = [], added = [];
        if (_owners.TryReplace(_changed.Values, _gone, removed, added))
        {
            _objects = _objects.With(removed, added);
        }
        else
        {
            var files = _files.Values.OrderBy(f => f.Path, StringComparer.Ordinal).ToList();
            _errors = _owners.Rebuild(files);
            Report(files, _errors);
            _objects = ClusterObjects.Of(_owners.Objects, _objects);
        }
        _changed.Clear();
        _gone.Clear();
        return new ScanResult(_objects, !SameLists(_objects, before), _errors, _errors.Count > 0 && _files.Values.Any(MayHidePolicy));
    }

    private static bool MayHidePolicy(ManifestFile file) => file.LastGood is null && file.Current.MentionsPolicy;

    // Null: an event that may be about any file. That of a hidden file or a directory is, if files are links into it.
    private List<string>? PathsOf(IReadOnlyCollection<string> names)
    {
        var manifests = names.Where(IsManifest).Select(n => Path.Combine(directory, n)).ToList();
        return manifests.Count == names.Count || !_files.Values.Any(f => f.IsLink) ? manifests : null;
    }

    private bool TryRefreshSome(List<string> paths)
    {
        var present = Refresh(paths, told: true);
        foreach (var path in paths)
        {
            if (present.Contains(path) || !_files.TryGetValue(path, out var file))
                continue;
            // One file went, or all with the directory; in that case the objects stay.
            if (!Directory.Exists(directory))
                return false;
            Forget(file);
        }
        return true;
    }

    private bool TryRefreshAll()
    {
        List<string> paths;
        try
        {
            paths = [.. Directory.EnumerateFileSystemEntries(directory).Where(p => IsManifest(Path.GetFileName(p)))];
            if (_directoryFault.Length > 0)
                log.Info($"{directory}: can be read again");
            _directoryFault = "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var fault = $"cannot be listed: {e.Message}";
            if (fault != _directoryFault)
                log.Error($"{directory}: {fault}; the last state stays in force");
            _directoryFault = fault;
            return false;
        }
        var present = Refresh(paths, told: false);
        foreach (var file in _files.Values.Where(f => !present.Contains(f.Path)).ToList())
            Forget(file);
        return true;
    }

    // Those of the paths at which there are files. Each file is read by one thread.
    private HashSet<string> Refresh(List<string> paths, bool told)
    {
        var files = paths.ConvertAll(path => _files.GetValueOrDefault(path) ?? new ManifestFile(path));
        var isNew = new bool?[files.Count];
        Parallel.For(0, files.Count, s_parallel, i => isNew[i] = Directory.Exists(files[i].Path) ? null : files[i].Refresh(DateTime.UtcNow, told));
        var present = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < files.Count; i++)
        {
            if (isNew[i] is not { } changed)
                continue;
            var file = _files[files[i].Path] = files[i];
            present.Add(file.Path);
            if (!changed)
                continue;
            _changed[file.Path] = file;
            foreach (var ignored in file.Current.Ignored)
                log.Info($"{file.Path}: ignored {ignored}: not a kind the dataplane uses");
        }
        return present;
    }

    private void Forget(ManifestFile file)
    {
        _files.Remove(file.Path);
        _changed.Remove(file.Path);
        _gone.Add(file);
    }

    private void Report(List<ManifestFile> files, List<ManifestError> errors)
    {
        var byFile = errors.ToLookup(e => e.File, StringComparer.Ordinal);
        foreach (var file in files)
        {
            var text = string.Join('\n', byFile[file.Path]);
            if (text == file.Reported)
                continue;
            file.Reported = text;
            foreach (var error in byFile[file.Path])
                log.Error(error.ToString());
            log.Info(text.Length == 0 ? $"{file.Path}: is good again"
                : file.LastGood is null ? $"{file.Path}: none of its objects is in force until it is mended"
                : $"{file.Path}: its last good version stays in force until it is mended");
        }
    }

    private static bool IsManifest(string name) => name[0] != '.' && Path.GetExtension(name) is (".yaml" or ".yml" or ".json");

    private static bool SameLists(ClusterObjects a, ClusterObjects b) =>
        ReferenceEquals(a.Namespaces, b.Namespaces) && ReferenceEquals(a.Nodes, b.Nodes)
        && ReferenceEquals(a.Pods, b.Pods) && ReferenceEquals(a.Services, b.Services)
        && ReferenceEquals(a.EndpointSlices, b.EndpointSlices) && ReferenceEquals(a.NetworkPolicies, b.NetworkPolicies);
}
