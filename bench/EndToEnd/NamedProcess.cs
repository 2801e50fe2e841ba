using Dataplane.Testing;

namespace Dataplane.Bench.EndToEnd;

/// <summary>A running program and its name in the report, for example "nginx s1a".</summary>
public sealed record NamedProcess(string Name, BackgroundProcess Process)
{
    /// <summary>Throws when the program has ended, with its last output.</summary>
    public void ThrowIfExited()
    {
        if (Process.HasExited)
            throw new BenchException($"{Name} ended: `{Process.CommandLine}`\n{Tail(Process.Output)}");
    }

    /// <summary>The end of a long text.</summary>
    public static string Tail(string text)
    {
        var trimmed = text.Trim();
        return trimmed.Length <= 800 ? trimmed : "... " + trimmed[^800..];
    }
}
