using System.Text;

namespace Dataplane.Agent.Manifests;

/// <summary>One file of the directory: its latest version, and the last one that could be used.</summary>
internal sealed class ManifestFile(string path)
{
    // Two writes within one tick of the file system's clock leave equal stamps: a stamp this young proves nothing.
    private static readonly TimeSpan StampTrust = TimeSpan.FromSeconds(2);

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private FileStamp _stamp;
    private DateTime _readAt;
    private byte[]? _digest;

    /// <summary>Path as given to the scanner.</summary>
    public string Path { get; } = path;

    /// <summary>The latest version.</summary>
    public ParsedManifest Current { get; private set; } = new([], [], [], false);

    /// <summary>Objects of the last version in use; null when there was none.</summary>
    public IReadOnlyList<PlacedObject>? LastGood { get; set; }

    /// <summary>What was last reported about the file; empty when it was fine.</summary>
    public string Reported { get; set; } = "";

    /// <summary>True when the path is a symbolic link: an event elsewhere may be about this file.</summary>
    public bool IsLink => _stamp.IsLink;

    /// <summary>Reads the file again where it may have changed.</summary>
    /// <param name="now">UTC.</param>
    /// <param name="told">An event says that it did: it is read even if its stamp is the old one.</param>
    /// <returns>True when there is a new version; null when the file is gone.</returns>
    public bool? Refresh(DateTime now, bool told)
    {
        if (FileStamp.Of(Path) is not { } stamp)
            return null;
        if (!told && _digest is not null && stamp == _stamp && _readAt - stamp.Written > StampTrust)
            return false;
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(Path);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var changed = Current.Errors.Count != 1 || !Current.Errors[0].Reason.EndsWith(e.Message, StringComparison.Ordinal);
            Current = ParsedManifest.Unreadable(Path, $"cannot be read: {e.Message}");
            _digest = null;
            return changed;
        }
        _stamp = stamp;
        _readAt = now;
        var digest = System.Security.Cryptography.SHA256.HashData(bytes);
        if (_digest is not null && digest.AsSpan().SequenceEqual(_digest))
            return false;
        _digest = digest;
        Current = Parse(bytes);
        return true;
    }

    private ParsedManifest Parse(byte[] bytes)
    {
        var text = bytes.AsSpan();
        if (text.StartsWith(Encoding.UTF8.Preamble))
            text = text[Encoding.UTF8.Preamble.Length..];
        try
        {
            return ManifestParser.Parse(Path, Strict.GetString(text));
        }
        catch (DecoderFallbackException)
        {
            return ParsedManifest.Unreadable(Path, "is not UTF-8 text");
        }
    }
}
