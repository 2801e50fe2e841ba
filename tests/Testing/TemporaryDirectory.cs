namespace Dataplane.Testing;

/// <summary>A directory that goes with the test.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("dp-agent-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Write(string name, string text) => File.WriteAllText(this[name], text);

    /// <summary>As careful writers do it: a hidden file, then rename.</summary>
    public void Replace(string name, string text)
    {
        File.WriteAllText(this["." + name + ".new"], text);
        File.Move(this["." + name + ".new"], this[name], overwrite: true);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
