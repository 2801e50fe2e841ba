using System.Globalization;
using System.Reflection;
using Dataplane.Conntrack;
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
    public void K29_TheTimeoutsAreThoseOfTheTable()
    {
        var table = File.ReadLines(Path.Combine(Repository.Root, "docs", "services.md"))
            .SkipWhile(line => line != "| name | default | for |").Skip(2).TakeWhile(line => line.StartsWith('|'))
            .Select(line => line.Split('|')).ToDictionary(cells => cells[1].Trim(' ', '`'), cells => int.Parse(cells[2], CultureInfo.InvariantCulture));
        var properties = typeof(ConntrackTimeouts).GetProperties().Where(property => property.PropertyType == typeof(int)).ToList();
        Assert.Equal(properties.Count, table.Count);
        foreach (var (name, seconds) in table)
        {
            var property = properties.Single(p => p.Name == string.Concat(name.Split('-').Select(word => char.ToUpperInvariant(word[0]) + word[1..])));
            Assert.Equal((name, seconds), (name, property.GetValue(OptionText.ConntrackTimeouts("default"))));
            Assert.Equal(7, property.GetValue(OptionText.ConntrackTimeouts($"{name}=7")));
        }
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
