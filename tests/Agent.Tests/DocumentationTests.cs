using System.Text.RegularExpressions;
using Dataplane.Agent.Telemetry;

namespace Dataplane.Agent.Tests;

/// <summary>docs/agent.md lists every option and every metric.</summary>
public partial class DocumentationTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(Root(), "docs/agent.md"));

    [Fact]
    public void Every_metric_is_listed()
    {
        var names = MetricName().Matches(AgentMetrics.Render(new AgentStatus())).Select(m => m.Groups[1].Value).ToList();
        Assert.True(names.Count > 5);
        Assert.All(names, name => Assert.Matches($@"\| `{name}(\{{[\w,]+\}})?` \|", Page));
    }

    [Fact]
    public async Task Every_option_is_listed()
    {
        using var help = new StringWriter();
        await AgentCommand.RunAsync(["run", "--help"], help, TextWriter.Null, CancellationToken.None);
        var options = OptionName().Matches(help.ToString()).Select(m => m.Value).Where(o => o != "--help").Distinct().ToList();
        Assert.True(options.Count > 5);
        Assert.All(options, option => Assert.Contains($"| `{option}` |", Page, StringComparison.Ordinal));
    }

    private static string Root()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "Dataplane.sln")))
            directory = Path.GetDirectoryName(directory) ?? throw new DirectoryNotFoundException("Dataplane.sln");
        return directory;
    }

    [GeneratedRegex(@"^# TYPE (\S+) ", RegexOptions.Multiline)]
    private static partial Regex MetricName();

    [GeneratedRegex("--[a-z-]+")]
    private static partial Regex OptionName();
}
