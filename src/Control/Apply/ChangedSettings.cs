using Xdp.Interop;
using Xdp.Interop.Links;

namespace Dataplane.Control.Apply;

/// <summary>
/// Settings of the node (net sysctls) that were changed, with what they were before, so that they can be put back by whoever comes later. Noted in a file
/// that, like the settings, is good until the next boot; the note is written before the setting. In the calling thread's namespace.
/// </summary>
internal sealed class ChangedSettings
{
    private const string ReservedPorts = "ipv4/ip_local_reserved_ports";
    private const string Boot = "boot"; // whose settings the rest of the note is about
    private readonly string _path;
    private readonly SortedDictionary<string, string> _notes = new(StringComparer.Ordinal);

    /// <param name="directory">Where the note is, or will be.</param>
    /// <exception cref="XdpException">The note is there and cannot be read.</exception>
    public ChangedSettings(string directory)
    {
        _path = Path.Combine(directory, "changed-settings");
        if (!File.Exists(_path)) return;
        foreach (string line in Attempt("read", () => File.ReadAllLines(_path)))
            if (line.Split(' ', 2) is [var key, var value]) _notes[key] = value;
        if (!_notes.Remove(Boot, out var boot) || boot != BootId) _notes.Clear();
    }

    private static string BootId { get; } = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    /// <summary>Notes something that is no sysctl; "" when it is not noted.</summary>
    public string this[string key]
    {
        get => _notes.GetValueOrDefault(key, "");
        set => Note(key, value);
    }

    /// <summary>Sets a setting, unless it has that value. A setting that this kernel lacks is left out.</summary>
    /// <returns>True when it had another value.</returns>
    /// <exception cref="XdpException">It cannot be read or written, or the note cannot.</exception>
    public bool Set(string key, string value)
    {
        if (Sysctl.Read(key) is not { } before || before == value) return false;
        if (!_notes.ContainsKey(key)) Note(key, $"{before} {value}");
        Sysctl.Write(key, value);
        return true;
    }

    /// <summary>Reserves ports among those that others have reserved; ports that this class reserved before and that are not wanted are given back.</summary>
    /// <returns>True when the setting had another value.</returns>
    /// <exception cref="XdpException">It cannot be read or written, or the note cannot.</exception>
    public bool Reserve(PortRanges wanted)
    {
        if (Sysctl.Read(ReservedPorts) is not { } text) return false;
        var (now, before) = (PortRanges.Parse(text), Ours());
        var others = now.Except(before);
        var after = others.Union(wanted);
        // What others have reserved as well stays theirs, and is not given back with ours.
        var ours = wanted.Except(others);
        Note(ReservedPorts, before.Union(ours).ToString()); // both, until the setting is what the note says
        if (!after.Equals(now)) Sysctl.Write(ReservedPorts, after + "\n"); // the end of line is what clears an empty list
        Note(ReservedPorts, ours.ToString());
        return !after.Equals(now);
    }

    /// <summary>Ports that are reserved, but for those that <see cref="Reserve"/> has added.</summary>
    public PortRanges ReservedByOthers() => PortRanges.Parse(Sysctl.Read(ReservedPorts) ?? "").Except(Ours());

    /// <summary>Puts everything back, but for what somebody else has changed since.</summary>
    /// <returns>What was put back, for people.</returns>
    /// <exception cref="XdpException">A setting cannot be written.</exception>
    public IReadOnlyList<string> Restore()
    {
        var restored = new List<string>();
        if (this[ReservedPorts] is { Length: > 0 } ports) restored.Add($"reservation of ports {ports}");
        Reserve(PortRanges.Empty);
        foreach (string key in _notes.Keys.ToList())
            if (PutBack(key) is { } before) restored.Add($"setting net.{key.Replace('/', '.')}, which is {before} again");
        return restored;
    }

    /// <summary>Puts one setting back, but not if somebody else has changed it since.</summary>
    /// <returns>What it is again; null when there was nothing to put back.</returns>
    /// <exception cref="XdpException">It cannot be written.</exception>
    public string? PutBack(string key)
    {
        string? value = null;
        if (this[key].Split(' ') is [var before, var after] && Sysctl.Read(key) == after) Sysctl.Write(key, value = before);
        Note(key, "");
        return value;
    }

    private PortRanges Ours()
    {
        try
        {
            return PortRanges.Parse(this[ReservedPorts]);
        }
        catch (FormatException)
        {
            return PortRanges.Empty; // somebody has written into the note: better to leave a port reserved than to take one from others
        }
    }

    private void Note(string key, string value)
    {
        if (this[key] == value) return;
        if (value.Length == 0) _notes.Remove(key);
        else _notes[key] = value;
        Attempt("write", () =>
        {
            if (_notes.Count == 0)
            {
                File.Delete(_path);
                return true;
            }
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            File.WriteAllLines(_path + ".new", _notes.Select(note => $"{note.Key} {note.Value}").Prepend($"{Boot} {BootId}"));
            File.Move(_path + ".new", _path, overwrite: true);
            return true;
        });
    }

    private T Attempt<T>(string verb, Func<T> body)
    {
        try
        {
            return body();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new XdpException($"{verb} {_path}", e is UnauthorizedAccessException ? Errno.EACCES : Errno.EIO, $"{e.Message} (what is changed on the node is noted there; see --state-dir)");
        }
    }
}
