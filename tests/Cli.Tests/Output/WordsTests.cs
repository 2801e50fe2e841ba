using Dataplane.Cli.Output;
using Xunit;

namespace Dataplane.Cli.Tests.Output;

public sealed class WordsTests
{
    [Theory]
    [InlineData(0, "0.0s")]
    [InlineData(59.94, "59.9s")]
    [InlineData(60, "1m0s")]
    [InlineData(3599, "59m59s")]
    [InlineData(3600, "1h0m")]
    [InlineData(788400, "9d3h")]
    public void DurationsHaveTwoUnits(double seconds, string expected) => Assert.Equal(expected, Words.Duration(seconds));

    [Theory]
    [InlineData("10.0.0.1", true)]
    [InlineData("fd00::7", true)]
    [InlineData("1", false)]
    [InlineData("10.0.1", false)]
    [InlineData("10.0.0.0/8", false)]
    [InlineData("", false)]
    public void AddressesAreWrittenInFull(string text, bool expected) => Assert.Equal(expected, Words.IsAddress(text));

    [Theory]
    [InlineData("", "")]
    [InlineData("one", "one")]
    [InlineData("one two three", "one two\nthree")]
    [InlineData("a longword b", "a\nlongword\nb")]
    [InlineData("see `dpctl`", "see\ndpctl")]
    public void TextIsWrappedAtBlanks(string text, string expected) => Assert.Equal(expected, Words.Wrap(text, 7));

    [Fact]
    public void FurtherLinesAreIndentedOnTopOfTheWidth() => Assert.Equal("one two\n   three\n   four", Words.Wrap("one two three four", 7, 3));
}
