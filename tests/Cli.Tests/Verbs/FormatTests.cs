using System.Text.Json;
using Dataplane.Contracts.V1;
using Google.Protobuf;
using Xunit;
using YamlDotNet.Serialization;

namespace Dataplane.Cli.Tests.Verbs;

/// <summary>JSON and YAML of every verb parse, and hold what the dataplane sent.</summary>
public sealed class FormatTests
{
    public static TheoryData<string> Documents => ["status", "version", "config", "check", "nat ports"];

    public static TheoryData<string, int> Lists => new()
    {
        { "endpoint list", 2 }, { "service list", 2 }, { "policy list", 2 }, { "identity list", 3 }, { "ipcache list", 2 },
        { "node list", 3 }, { "route list", 5 }, { "port list", 2 }, { "ct list", 2 }, { "nat list", 1 }, { "drops", 3 },
    };

    [Theory, MemberData(nameof(Documents))]
    public async Task DocumentsAreJson(string verb)
    {
        var run = await DpctlRun.Of(verb + " -o json", SampleNode.Create());
        using var json = JsonDocument.Parse(run.Text);
        Assert.EndsWith("\n", run.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task VersionHasThatOfDpctlToo()
    {
        using var json = JsonDocument.Parse(await DpctlRun.Print("version -o json", SampleNode.Create()));
        Assert.Equal(
            ["dpctl=" + Cli.Verbs.VersionVerb.OfDpctl, "version=0.1.0", "runtime=.NET 10.0.0", "kernel=6.18.0"],
            json.RootElement.EnumerateObject().Select(field => $"{field.Name}={field.Value}"));
    }

    [Theory, MemberData(nameof(Lists))]
    public async Task ListsAreJsonArrays(string verb, int length)
    {
        using var json = JsonDocument.Parse(await DpctlRun.Print(verb + " -o json", SampleNode.Create()));
        Assert.Equal(length, json.RootElement.GetArrayLength());
    }

    [Theory, MemberData(nameof(Lists))]
    public async Task EmptyListsAreEmptyArrays(string verb, int length)
    {
        Assert.NotEqual(0, length);
        Assert.Equal("[]\n", await DpctlRun.Print(verb + " -o json", new FakeControl()));
        Assert.Equal("[]\n", await DpctlRun.Print(verb + " -o yaml", new FakeControl()));
    }

    [Theory, MemberData(nameof(Lists))]
    public async Task YamlHoldsTheSameAsJson(string verb, int length)
    {
        string json = await DpctlRun.Print(verb + " -o json", SampleNode.Create());
        string yaml = await DpctlRun.Print(verb + " -o yaml", SampleNode.Create());
        var parsed = new DeserializerBuilder().WithAttemptingUnquotedStringTypeDeserialization().Build().Deserialize<object>(yaml);
        Assert.Equal(length, Assert.IsType<List<object>>(parsed).Count);
        using var expected = JsonDocument.Parse(json);
        using var actual = JsonDocument.Parse(JsonSerializer.Serialize(Stringless(parsed)));
        Assert.True(JsonElement.DeepEquals(expected.RootElement, actual.RootElement), yaml);
    }

    [Fact]
    public async Task JsonOfAMessageReadsBackAsTheSameMessage()
    {
        var control = SampleNode.Create();
        string json = await DpctlRun.Print("-o json status", control);
        Assert.Equal(control.Status, JsonParser.Default.Parse<Status>(json));
    }

    [Fact]
    public async Task JsonShowsDefaults() =>
        Assert.Contains("\"notReadyReason\": \"\"", await DpctlRun.Print("status -o json", SampleNode.Create()), StringComparison.Ordinal);

    [Fact]
    public async Task FormatAfterTheVerbWins() =>
        Assert.StartsWith("nodeName: n1\n", await DpctlRun.Print("-o json status -o yaml", SampleNode.Create()), StringComparison.Ordinal);

    [Fact]
    public async Task YamlIsBlockStyleWithQuotesWhereNeeded() => Assert.Equal("""
        - reason: VniUnknown
          direction: none
          packets: "0"
          bytes: "0"
          description: VXLAN with another VNI

        """, (await DpctlRun.Print("drops -o yaml", SampleNode.Create()))[..^0].Split("- reason: S")[0]);

    /// <summary>The deserializer's dictionaries have object keys, which JSON refuses.</summary>
    private static object? Stringless(object? value) => value switch
    {
        Dictionary<object, object> map => map.ToDictionary(pair => (string)pair.Key, pair => Stringless(pair.Value)),
        List<object> list => list.ConvertAll(Stringless),
        _ => value,
    };
}
