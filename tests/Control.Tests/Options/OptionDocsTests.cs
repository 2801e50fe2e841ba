using System.Reflection;
using Dataplane.Control.Options;
using Xunit;

namespace Dataplane.Control.Tests.Options;

public sealed class OptionDocsTests
{
    [Fact]
    public void ConfigurationPageListsEveryOptionAsItIs()
    {
        string page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "configuration.md"));
        foreach (string row in OptionDocs.Table().TrimEnd('\n').Split('\n'))
            Assert.True(page.Contains(row + "\n", StringComparison.Ordinal), $"docs/configuration.md lacks this row:\n{row}");
    }

    [Fact]
    public void HelpNamesEveryFlag()
    {
        string help = OptionDocs.Help();
        Assert.All(OptionTable.All, option => Assert.Contains($"--{option.Key} ", help, StringComparison.Ordinal));
    }

    [Fact]
    public void EveryDefaultAndExampleIsValid()
    {
        foreach (var option in OptionTable.All)
        {
            if (option.Default is not null)
                option.Apply(new DataplaneOptions(), option.Default);
            option.Apply(new DataplaneOptions(), option.Example);
        }
    }

    [Fact]
    public void EveryPropertyIsSetBySomeOption()
    {
        // A property no option writes would be a setting nobody can change.
        var properties = typeof(DataplaneOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.SetMethod is not null && property.Name != nameof(DataplaneOptions.Settings));
        Assert.Equal(OptionTable.All.Length, properties.Count());
    }
}
