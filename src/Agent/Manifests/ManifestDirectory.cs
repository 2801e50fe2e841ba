using Dataplane.Agent.Model;

namespace Dataplane.Agent.Manifests;

/// <summary>
/// The files of a directory as one set of objects. A scan is atomic per file: of a bad file the last good version stays
/// in force. Each fault is logged once per change of the file. Not safe for use by several threads.
/// </summary>
public sealed class ManifestDirectory(string directory, Log log)
{
    private readonly Dictionary<string, ManifestFile> _files = new(StringComparer.Ordinal);
    private ClusterObjects _objects = ClusterObjects.Empty;
    private string _directoryFault = "";

    /// <summary>Reads what changed and says what is in force now.</summary>
    public ScanResult Scan()
    {
        if (!TryRefresh())
            return new ScanResult(_objects, false, [new ManifestError(directory, 0, 0, _directoryFault)], _files.Count == 0);
        var errors = new List<ManifestError>();
        var owners = new Dictionary<ObjectKey, (ManifestFile File, PlacedObject Object)>();
        var files = _files.Values.OrderBy(f => f.Path, StringComparer.Ordinal).ToList();
        // Who was there first keeps an object that two files claim: first the versions already in force, then the new
        // good ones, last the old versions that stand in for bad files.
        var settled = files.ToLookup(f => f.Current.IsGood && ReferenceEquals(f.LastGood, f.Current.Objects));
        foreach (var file in settled[true])
            Accept(file, owners, errors);
        foreach (var file in settled[false].Where(f => f.Current.IsGood))
            Accept(file, owners, errors);
        foreach (var file in files.Where(f => !f.Current.IsGood))
        {
            errors.AddRange(file.Current.Errors);
            StandIn(file, owners);
        }
        Report(files, errors);
        var objects = ClusterObjects.Of(owners.Values.Select(o => o.Object.Object), _objects);
        var changed = !SameLists(objects, _objects);
        _objects = objects;
        return new ScanResult(objects, changed, errors, files.Any(f => f.LastGood is null && f.Current.MentionsPolicy));
    }

    private static void Accept(
        ManifestFile file, Dictionary<ObjectKey, (ManifestFile File, PlacedObject Object)> owners, List<ManifestError> errors)
    {
        var clash = false;
        foreach (var placed in file.Current.Objects)
        {
            if (!owners.TryGetValue(placed.Object.Key, out var owner))
                continue;
            clash = true;
            errors.Add(new ManifestError(
                file.Path, placed.Line, placed.Column,
                $"{placed.Object.Key} is already in {owner.File.Path}:{owner.Object.Line}; keep one of them"));
        }
        if (clash)
        {
            StandIn(file, owners);
            return;
        }
        foreach (var placed in file.Current.Objects)
            owners.Add(placed.Object.Key, (file, placed));
        file.LastGood = file.Current.Objects;
    }

    // The last good version serves, but for objects that a good file has taken over meanwhile.
    private static void StandIn(ManifestFile file, Dictionary<ObjectKey, (ManifestFile File, PlacedObject Object)> owners)
    {
        foreach (var placed in file.LastGood ?? [])
            owners.TryAdd(placed.Object.Key, (file, placed));
    }

    private bool TryRefresh()
    {
        List<string> paths;
        try
        {
            paths = [.. Directory.EnumerateFileSystemEntries(directory).Where(IsManifest)];
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
        var now = DateTime.UtcNow;
        var present = new HashSet<string>(StringComparer.Ordinal);
        foreach (var path in paths)
        {
            var file = _files.GetValueOrDefault(path) ?? new ManifestFile(path);
            if (Directory.Exists(path) || file.Refresh(now) is not { } changed)
                continue;
            present.Add(path);
            _files[path] = file;
            if (!changed)
                continue;
            foreach (var ignored in file.Current.Ignored)
                log.Info($"{path}: ignored {ignored}: not a kind the dataplane uses");
        }
        foreach (var path in _files.Keys.Where(p => !present.Contains(p)).ToList())
            _files.Remove(path);
        return true;
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

    private static bool IsManifest(string path)
    {
        var name = Path.GetFileName(path);
        return name[0] != '.' && Path.GetExtension(name) is (".yaml" or ".yml" or ".json");
    }

    private static bool SameLists(ClusterObjects a, ClusterObjects b) =>
        ReferenceEquals(a.Namespaces, b.Namespaces) && ReferenceEquals(a.Nodes, b.Nodes)
        && ReferenceEquals(a.Pods, b.Pods) && ReferenceEquals(a.Services, b.Services)
        && ReferenceEquals(a.EndpointSlices, b.EndpointSlices) && ReferenceEquals(a.NetworkPolicies, b.NetworkPolicies);
}
