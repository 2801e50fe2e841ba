using Xunit;

namespace Dataplane.Architecture.Tests;

/// <summary>Turns a list of violations into a test result that shows all of them.</summary>
internal static class Violations
{
    /// <summary>Fails with one line per violation.</summary>
    public static void AssertNone(IEnumerable<string> violations)
    {
        string text = string.Join('\n', violations);
        Assert.True(text.Length == 0, text);
    }
}
