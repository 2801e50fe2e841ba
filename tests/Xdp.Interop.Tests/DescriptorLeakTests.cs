using Dataplane.Testing;
using Xunit;

namespace Xdp.Interop.Tests;

/// <summary>Counts descriptors by kind in a process of its own, where nothing else opens any (see <see cref="Program"/>).</summary>
public sealed class DescriptorLeakTests
{
    [RequiresRootFact]
    public void ProgramsSocketsAndMemoryGiveTheirDescriptorsBack()
    {
        var (before, after) = Count("cycle");
        Assert.Equal(before, after);
    }

    [RequiresRootFact]
    public void FailuresGiveTheirDescriptorsBackToo()
    {
        var (before, after) = Count("fail");
        Assert.Equal(before, after);
    }

    [RequiresRootFact]
    public void ALeakWouldBeSeen()
    {
        var (before, after) = Count("leak");
        Assert.Equal(10, Of(after, "/dev/null") - Of(before, "/dev/null"));
    }

    private static int Of(string counts, string kind) => counts.Split(' ').Where(c => c.StartsWith(kind + "=", StringComparison.Ordinal)).Sum(c => int.Parse(c.Split('=')[1]));

    private static (string Before, string After) Count(string what)
    {
        string[] lines = Command.Run("dotnet", typeof(Program).Assembly.Location, what).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.Contains("pipe=", lines[0], StringComparison.Ordinal); // standard output: the list is not empty
        return (lines[0], lines[1]);
    }
}
