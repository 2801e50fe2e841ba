using System.Text;
using Dataplane.Cni.Tests.Calls;
using Xunit;

namespace Dataplane.Cni.Tests;

/// <summary>VERSION.</summary>
public sealed class VersionTests
{
    [Theory]
    [InlineData("""{"cniVersion":"0.4.0"}""", "0.4.0")]
    [InlineData("""{"cniVersion":"1.1.0"}""", "1.1.0")]
    [InlineData("""{"cniVersion":"9.9.9"}""", "1.1.0")]
    [InlineData("", "1.1.0")]
    public void AnswersInTheVersionAskedWhereItIsSpoken(string input, string version)
    {
        using var call = new Call("VERSION") { Input = new MemoryStream(Encoding.UTF8.GetBytes(input)) };
        call.Variables.Clear();
        call.Variables["CNI_COMMAND"] = "VERSION";
        call.Succeeds();
        Assert.Equal(
            $$"""{"cniVersion":"{{version}}","supportedVersions":["0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]}""",
            call.Document.ToJsonString());
    }
}
