using Dataplane.Cli.Output;
using Xunit;

namespace Dataplane.Cli.Tests.Output;

public sealed class TextTableTests
{
    [Fact]
    public void AlignsColumnsAndLeavesNoTrailingBlanks()
    {
        var table = new TextTable("A", "LONG", "C");
        table.Add("wide one", "x", "");
        table.Add("1", "y\nz", "c");
        using var text = new StringWriter();
        table.WriteTo(text);
        Assert.Equal("A          LONG   C\nwide one   x\n1          y      c\n           z\n", text.ToString());
    }

    [Fact]
    public void RefusesARowOfAnotherLength() => Assert.Throws<ArgumentException>(() => new TextTable("A", "B").Add("1"));
}
