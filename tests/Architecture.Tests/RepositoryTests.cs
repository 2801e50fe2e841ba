using Dataplane.Architecture.Tests.CSharp;
using Dataplane.Architecture.Tests.Rules;
using Xunit;

namespace Dataplane.Architecture.Tests;

/// <summary>The rules, applied to this repository. Each message names the place and the remedy.</summary>
public sealed class RepositoryTests
{
    private const string DropReasons = "src/Dataplane/DropReason.cs";

    [Fact]
    public void ProjectReferencesRunOneWay() => Violations.AssertNone(Repository.Files
        .Where(path => path.EndsWith(".csproj", StringComparison.Ordinal) || path.EndsWith(".props", StringComparison.Ordinal))
        .Where(path => path != "Directory.Packages.props")
        .SelectMany(path => ProjectRules.Violations(path, Repository.Read(path))));

    [Fact]
    public void TheCoreKnowsOnlyWhatItMay() => Violations.AssertNone(Repository.Sources.SelectMany(BorderRules.Violations));

    [Fact]
    public void HotCodeHoldsNothingThatAllocatesOrWaits()
    {
        var found = Repository.Sources.ToDictionary(file => file.Path, file => HotPathRules.Violations(file).ToList());
        Violations.AssertNone(found.Where(file => !HotPathRules.ControlThreadFiles.ContainsKey(file.Key)).SelectMany(file => file.Value));
        Violations.AssertNone(HotPathRules.ControlThreadFiles.Keys
            .Where(path => !found.TryGetValue(path, out var inFile) || inFile.Count == 0)
            .Select(path => $"{path} needs no exception any more; take it out of HotPathRules"));
    }

    [Fact]
    public void FilesAreShortAndHoldOneType() => Violations.AssertNone(Repository.Sources.SelectMany(FileRules.Violations));

    [Fact]
    public void NamesSayWhatThingsAre() => Violations.AssertNone(
        Repository.Sources.Concat(Repository.TestSources).SelectMany(NameRules.Violations).Concat(Repository.Files.SelectMany(NameRules.PathViolations)));

    [Fact]
    public void NoTextNamesOneMachineOrARegistry() => Violations.AssertNone(Repository.Files
        .Where(path => TextRules.IsText(path) && !path.StartsWith("tests/Architecture.Tests/", StringComparison.Ordinal))
        .SelectMany(path => TextRules.Violations(path, Repository.Read(path))));

    [Fact]
    public void NoTestIsSwitchedOff() => Violations.AssertNone(Repository.TestSources.SelectMany(SkipRules.Violations));

    [Fact]
    public void EveryTestClassIsDisposedOf() => Violations.AssertNone(Repository.TestSources
        .Where(file => !file.Path.StartsWith("tests/Architecture.Tests/", StringComparison.Ordinal)).SelectMany(DisposalRules.Violations));

    [Fact]
    public void EveryProductProjectHasTests() => Violations.AssertNone(Repository.Files
        .Where(path => path.StartsWith("src/", StringComparison.Ordinal) && path.EndsWith(".csproj", StringComparison.Ordinal))
        .Select(path => Path.GetFileNameWithoutExtension(path))
        .Where(name => name != "Control.Contracts" && !Repository.Has($"tests/{name}.Tests/{name}.Tests.csproj"))
        .Select(name => $"src/{name} has no tests/{name}.Tests"));

    [Fact]
    public void EveryDropReasonIsExplained()
    {
        var reasons = EnumReader.Members(new SourceFile(DropReasons, Repository.Read(DropReasons))).ToList();
        Assert.True(reasons.Count > 20, $"only {reasons.Count} reasons read");
        Violations.AssertNone(reasons.Where(reason => !reason.IsDocumented).Select(reason => $"{DropReasons}: {reason.Name} does not say when it happens"));
        Violations.AssertNone(ListRules.Violations(
            "docs/drop-reasons.md", Repository.Read("docs/drop-reasons.md"), [.. reasons.Select(reason => reason.Name).Where(name => name != "None")]));
    }

    [Fact]
    public void EveryDropReasonIsProducedByATest()
    {
        var words = Repository.TestSources
            .Where(file => file.Path.StartsWith("tests/", StringComparison.Ordinal) && !file.Path.StartsWith("tests/Architecture.Tests/", StringComparison.Ordinal))
            .SelectMany(file => file.Code)
            .Select(token => token.Text.Trim('"'))
            .ToHashSet();
        var reasons = EnumReader.Members(new SourceFile(DropReasons, Repository.Read(DropReasons)))
            .Select(reason => reason.Name).Where(name => name != "None").ToList();
        Violations.AssertNone(reasons.Where(name => !words.Contains(name)).Select(name => $"{name}: no test produces it"));
    }

    [Fact]
    public void EveryRowOfServicesHasItsTests() =>
        Violations.AssertNone(RequirementRowRules.Services.Violations("docs/services.md", Repository.Read("docs/services.md"), AllTests()));

    [Fact]
    public void EveryRowOfPolicyHasItsTests() =>
        Violations.AssertNone(RequirementRowRules.Policies.Violations("docs/policy.md", Repository.Read("docs/policy.md"), AllTests()));

    [Fact]
    public void LinksBetweenDocumentsLeadSomewhere() => Violations.AssertNone(Repository.Files
        .Where(path => path.EndsWith(".md", StringComparison.Ordinal))
        .SelectMany(path => LinkRules.Violations(
            path, Repository.Read(path), target => Repository.Has(target) || Directory.Exists(Path.Combine(Repository.Root, target)))));

    [Fact]
    public void TheReadmeLeadsToEveryDocument() => Violations.AssertNone(Repository.Files
        .Where(path => path.StartsWith("docs/", StringComparison.Ordinal) && path.EndsWith(".md", StringComparison.Ordinal))
        .Except(LinkRules.Targets("README.md", Repository.Read("README.md")))
        .Select(path => $"README.md does not link to {path}"));

    // Methods, and the cases of the policy matrix.
    private static List<(string Class, string Name)> AllTests()
    {
        const string cases = "tests/Netns.Tests/Policy/PolicyCases.cs";
        var tests = Repository.TestSources.Where(file => !file.Path.StartsWith("tests/Architecture.Tests/", StringComparison.Ordinal)).SelectMany(TestReader.Tests).ToList();
        Assert.True(tests.Count > 1000, $"only {tests.Count} tests read");
        tests.AddRange(CaseReader.Cases(Repository.TestSources.Single(file => file.Path == cases), Repository.Read(cases)));
        return tests;
    }
}
