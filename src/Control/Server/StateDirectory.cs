using Dataplane.Control.Options;

namespace Dataplane.Control.Server;

/// <summary>The state directory of a running dataplane: held for as long as it lives, with a note of where its control socket is.</summary>
internal static class StateDirectory
{
    private const string Name = "dataplane", NoteName = "control"; // beside ProcessLock's suffix

    /// <summary>Takes it; null when a dataplane lives that has it.</summary>
    /// <exception cref="OptionException">It cannot be written.</exception>
    public static IDisposable? TryTake(DataplaneOptions options)
    {
        string folder = options.StateDirectory;
        try
        {
            if (ProcessLock.TryTake(Path.Combine(folder, Name)) is not { } held) return null;
            File.WriteAllText(Path.Combine(folder, NoteName), options.ControlSocketPath + "\n");
            return held;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OptionException($"state-dir '{folder}': cannot be written: {e.Message}; choose another directory, or make this one writable");
        }
    }

    /// <summary>Whether a dataplane lives that has it. Makes nothing.</summary>
    /// <param name="folder">The directory.</param>
    public static bool IsInUse(string folder)
    {
        if (!File.Exists(Path.Combine(folder, Name + ProcessLock.Suffix))) return false;
        using var held = ProcessLock.TryTake(Path.Combine(folder, Name));
        return held is null;
    }

    /// <summary>Path of the control socket of the dataplane that has it, or had it last; null when none has noted it.</summary>
    /// <param name="folder">The directory.</param>
    public static string? ControlSocketOf(string folder)
    {
        string path = Path.Combine(folder, NoteName);
        return File.Exists(path) && File.ReadAllText(path).Trim() is { Length: > 0 } socket ? socket : null;
    }

    /// <summary>Removes the note.</summary>
    /// <param name="folder">The directory.</param>
    public static void Forget(string folder)
    {
        if (Directory.Exists(folder)) File.Delete(Path.Combine(folder, NoteName));
    }
}
