namespace Dataplane.Kubernetes;

/// <summary>
/// A certificate, key or token, given as text or as a file. A file is read anew each time: these are replaced while the agent
/// runs (service account tokens every hour), and are asked for once a connection or request.
/// </summary>
public sealed class SecretText
{
    private readonly string? _text;
    private readonly string? _path;
    private readonly string _origin;

    private SecretText(string? text, string? path, string origin)
    {
        _text = text;
        _path = path;
        _origin = origin;
    }

    /// <summary>Where it comes from, for messages: never the text itself.</summary>
    public string Origin => _path is null ? _origin : $"{_origin} {_path}";

    /// <summary>Makes one of a text.</summary>
    public static SecretText Of(string text, string origin) => new(text, null, origin);

    /// <summary>Makes one of a file.</summary>
    public static SecretText InFile(string path, string origin) => new(null, path, origin);

    /// <summary>The text as it is now.</summary>
    /// <exception cref="AccessException">The file cannot be read, or is empty.</exception>
    public string Read()
    {
        if (_path is null)
            return _text!;
        string text;
        try
        {
            text = File.ReadAllText(_path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AccessException($"{Origin}: {e.Message}; put the file there, or name another");
        }
        return string.IsNullOrWhiteSpace(text) ? throw new AccessException($"{Origin}: the file is empty; write it anew") : text;
    }
}
