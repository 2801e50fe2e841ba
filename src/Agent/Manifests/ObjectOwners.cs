using Dataplane.Agent.Model;

namespace Dataplane.Agent.Manifests;

/// <summary>
/// Which file has which object. Who was there first keeps an object that two files claim; of a bad file the last good
/// version stands in.
/// </summary>
internal sealed class ObjectOwners
{
    private Dictionary<ObjectKey, Owner> _owners = [];
    private bool _settled = true;

    /// <summary>Everything that is in force.</summary>
    public IEnumerable<KubeObject> Objects => _owners.Values.Select(o => o.Placed.Object);

    /// <summary>
    /// Takes new versions over at the cost of what they hold. Works while every file is good and nothing is claimed twice;
    /// false otherwise, and then nothing is changed and <see cref="Rebuild"/> is due.
    /// </summary>
    /// <param name="changed">Files with a new version, ordered by path.</param>
    /// <param name="gone">Files that are not there any more.</param>
    /// <param name="removed">Gets the objects of older versions and of files that are gone.</param>
    /// <param name="added">Gets the objects of the new versions.</param>
    public bool TryReplace(
        IReadOnlyCollection<ManifestFile> changed, IReadOnlyCollection<ManifestFile> gone, List<KubeObject> removed, List<KubeObject> added)
    {
        if (!_settled || changed.Any(f => !f.Current.IsGood))
            return false;
        var replaced = changed.Concat(gone).ToHashSet();
        var claimed = new HashSet<ObjectKey>();
        foreach (var key in changed.SelectMany(f => f.Current.Objects).Select(o => o.Object.Key))
        {
            if (!claimed.Add(key) || (_owners.TryGetValue(key, out var owner) && !replaced.Contains(owner.File)))
                return false;
        }
        foreach (var placed in replaced.SelectMany(f => f.LastGood ?? []))
        {
            _owners.Remove(placed.Object.Key);
            removed.Add(placed.Object);
        }
        foreach (var file in changed)
        {
            Accept(file);
            added.AddRange(file.Current.Objects.Select(o => o.Object));
        }
        return true;
    }

    /// <summary>Goes through all files; returns every fault.</summary>
    /// <param name="files">All files, ordered by path.</param>
    public List<ManifestError> Rebuild(List<ManifestFile> files)
    {
        var errors = new List<ManifestError>();
        _owners = new Dictionary<ObjectKey, Owner>(_owners.Count);
        // First the versions already in force, then the new good ones, last the old versions that stand in for bad files.
        var inForce = files.ToLookup(f => f.Current.IsGood && ReferenceEquals(f.LastGood, f.Current.Objects));
        foreach (var file in inForce[true])
            AcceptUnlessClaimed(file, errors);
        foreach (var file in inForce[false].Where(f => f.Current.IsGood))
            AcceptUnlessClaimed(file, errors);
        foreach (var file in files.Where(f => !f.Current.IsGood))
        {
            errors.AddRange(file.Current.Errors);
            StandIn(file);
        }
        _settled = errors.Count == 0;
        return errors;
    }

    private void AcceptUnlessClaimed(ManifestFile file, List<ManifestError> errors)
    {
        var clash = false;
        foreach (var placed in file.Current.Objects)
        {
            if (!_owners.TryGetValue(placed.Object.Key, out var owner))
                continue;
            clash = true;
            errors.Add(new ManifestError(
                file.Path, placed.Line, placed.Column,
                $"{placed.Object.Key} is already in {owner.File.Path}:{owner.Placed.Line}; keep one of them"));
        }
        if (clash)
            StandIn(file);
        else
            Accept(file);
    }

    private void Accept(ManifestFile file)
    {
        foreach (var placed in file.Current.Objects)
            _owners.Add(placed.Object.Key, new Owner(file, placed));
        file.LastGood = file.Current.Objects;
    }

    // The last good version serves, but for objects that a good file has taken over meanwhile.
    private void StandIn(ManifestFile file)
    {
        foreach (var placed in file.LastGood ?? [])
            _owners.TryAdd(placed.Object.Key, new Owner(file, placed));
    }

    private readonly record struct Owner(ManifestFile File, PlacedObject Placed);
}
