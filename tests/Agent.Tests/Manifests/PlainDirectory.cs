namespace Dataplane.Agent.Tests.Manifests;

/// <summary>
/// The rules of a directory written out plainly: files hold names, or are bad (null); all of it is gone through after each
/// change.
/// </summary>
internal sealed class PlainDirectory
{
    private readonly SortedDictionary<string, (string[]? Text, string[]? InForce)> _files = new(StringComparer.Ordinal);

    public void Write(string file, string[]? names) =>
        _files[file] = (names, _files.GetValueOrDefault(file).InForce);

    public void Delete(string file) => _files.Remove(file);

    /// <summary>Which file has each name.</summary>
    public SortedDictionary<string, string> Scan()
    {
        var owners = new SortedDictionary<string, string>(StringComparer.Ordinal);
        // Versions in force come first, then new good ones, then what stands in for bad files.
        foreach (var (file, (text, inForce)) in _files.ToList())
        {
            if (text is not null && ReferenceEquals(text, inForce))
                Take(file, text);
        }
        var clashing = new List<string>();
        foreach (var (file, (text, inForce)) in _files.ToList())
        {
            if (text is null || ReferenceEquals(text, inForce))
                continue;
            if (text.Any(owners.ContainsKey))
            {
                Take(file, inForce ?? []);
                continue;
            }
            Take(file, text);
            _files[file] = (text, text);
        }
        foreach (var (file, (text, inForce)) in _files)
        {
            if (text is null)
                Take(file, inForce ?? []);
        }
        return owners;

        void Take(string file, string[] names)
        {
            foreach (var name in names)
                owners.TryAdd(name, file);
        }
    }
}
