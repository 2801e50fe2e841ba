using Dataplane.Architecture.Tests.CSharp;
using Xunit;

namespace Dataplane.Architecture.Tests.Rules;

/// <summary>Each rule, on text that breaks it and on text that does not: a rule that cannot fail guards nothing.</summary>
public sealed class RuleTests
{
    private const string Documented = "/// <summary>A.</summary>\n";

    [Theory]
    [InlineData("src/Dataplane/Dataplane.csproj", "<ProjectReference Include=\"../Control.Contracts/Control.Contracts.csproj\" />", true)]
    [InlineData("src/Cli/Cli.csproj", "<ProjectReference Include=\"..\\Dataplane\\Dataplane.csproj\" />", true)]
    [InlineData("src/Cli/Cli.csproj", "<ProjectReference Include=\"../Control.Contracts/Control.Contracts.csproj\" />", false)]
    [InlineData("src/New/New.csproj", "", true)]
    [InlineData("src/Dataplane/Dataplane.csproj", "<PackageReference Include=\"Google.Protobuf\" />", true)]
    [InlineData("src/Dataplane/Dataplane.csproj", "<PackageReference Include=\"Microsoft.Extensions.ObjectPool\" />", false)]
    [InlineData("src/Cli/Cli.csproj", "<AllowUnsafeBlocks>true</AllowUnsafeBlocks>", true)]
    [InlineData("tests/X.Tests/X.Tests.csproj", "<AllowUnsafeBlocks>true</AllowUnsafeBlocks>", true)]
    [InlineData("src/Xdp.Interop/Xdp.Interop.csproj", "<AllowUnsafeBlocks>true</AllowUnsafeBlocks>", false)]
    [InlineData("tests/X.Tests/X.Tests.csproj", "<PackageReference Include=\"xunit\" Version=\"2.9.3\" />", true)]
    public void ProjectRule(string path, string element, bool broken) =>
        Assert.Equal(broken, ProjectRules.Violations(path, $"<Project><ItemGroup>{element}</ItemGroup></Project>").Any());

    [Theory]
    [InlineData("src/Dataplane/Stages/A.cs", "using Xdp.Interop;", true)]
    [InlineData("src/Dataplane/Stages/A.cs", "class A { global::Xdp.Interop.Umem u; }", true)]
    [InlineData("src/Dataplane/Workers/A.cs", "using Xdp.Interop;", false)]
    [InlineData("src/Dataplane/Stages/A.cs", "// see Xdp.Interop", false)]
    [InlineData("src/Dataplane/Workers/A.cs", "using Google.Protobuf;", true)]
    [InlineData("src/Dataplane/Workers/A.cs", "using System.Text.Json;", true)]
    [InlineData("src/Dataplane/Workers/A.cs", "using Dataplane.Contracts.V1;", true)]
    [InlineData("src/Dataplane/Workers/A.cs", "using Dataplane.Packets;", false)]
    [InlineData("src/Dataplane/Workers/A.cs", "class A { int F() => File.ReadAllText(p).Length; }", true)]
    [InlineData("src/Dataplane/Workers/A.cs", "class A { object F() => new FileStream(p); }", true)]
    [InlineData("src/Dataplane/Workers/A.cs", "class A { int File; int F() => tables.Path.X; }", false)]
    [InlineData("src/Control/A.cs", "using System.Text.Json;", false)]
    public void BorderRule(string path, string text, bool broken) => Assert.Equal(broken, BorderRules.Violations(new SourceFile(path, text)).Any());

    [Theory]
    [InlineData("class A { async Task F() { } }", true)]
    [InlineData("class A { void F() { lock (_x) { } } }", true)]
    [InlineData("class A { Lock _gate; }", true)]
    [InlineData("class A { int F() => items.Where(x => x > 1).Count(); }", true)]
    [InlineData("class A { int F() => items.Where; }", false)]
    [InlineData("class A { string F() => $\"{x}\"; }", true)]
    [InlineData("class A { string F() { Log($\"{x}\"); } }", true)]
    [InlineData("class A { void F() { if (x) throw new E($\"{x}\"); Log($\"{y}\"); } }", true)]
    [InlineData("class A { void F() { if (x) throw new E($\"{x}\"); } }", false)]
    [InlineData("class A { override string ToString() => x switch { 1 => $\"{x}\", _ => \"\" }; }", false)]
    [InlineData("class A { override string ToString() { var b = x; return $\"{b}\"; } }", false)]
    [InlineData("class A { override string ToString() { return \"\"; } string F() => $\"{x}\"; }", true)]
    [InlineData("class A { /* async lock */ string S = \"await\"; }", false)]
    public void HotPathRule(string text, bool broken)
    {
        Assert.Equal(broken, HotPathRules.Violations(new SourceFile("src/Dataplane/Stages/A.cs", text)).Any());
        Assert.Empty(HotPathRules.Violations(new SourceFile("src/Control/A.cs", text)));
    }

    [Theory]
    [InlineData("class A { }", false)]
    [InlineData("class A { class B { } }", false)]
    [InlineData("class B { }", true)]
    [InlineData("class A { } " + Documented + "enum B { }", true)]
    [InlineData("partial class A { }", true)]
    [InlineData("class A { partial class B { } }", true)]
    [InlineData("partial class A { [LibraryImport(\"libc\")] static partial int close(int fd); }", false)]
    public void FileRule(string text, bool broken) => Assert.Equal(broken, FileRules.Violations(new SourceFile("src/A.cs", Documented + text)).Any());

    [Fact]
    public void FileRuleCountsLinesAndWantsASentence()
    {
        Assert.Empty(FileRules.Violations(new SourceFile("src/A.cs", Documented + "class A {" + new string('\n', FileRules.MaxLines - 3) + "}\n")));
        Assert.Single(FileRules.Violations(new SourceFile("src/A.cs", Documented + "class A {" + new string('\n', FileRules.MaxLines - 2) + "}\n")));
        Assert.Single(FileRules.Violations(new SourceFile("src/A.cs", "class A { }")));
    }

    [Theory]
    [InlineData("class TunnelManager { }", true)]
    [InlineData("class PacketHelpers { }", true)]
    [InlineData("class A { class IPUtils { } }", true)]
    [InlineData("class Commonwealth { }", false)]
    [InlineData("class VtepTable { }", false)]
    public void NameRule(string text, bool broken) => Assert.Equal(broken, NameRules.Violations(new SourceFile("src/A.cs", text)).Any());

    [Theory]
    [InlineData("src/Dataplane/Utils/A.cs", true)]
    [InlineData("src/Common.cs", true)]
    [InlineData("src/Dataplane/Tables/A.cs", false)]
    public void PathRule(string path, bool broken) => Assert.Equal(broken, NameRules.PathViolations(path).Any());

    [Theory]
    [InlineData("see /root/notes", true)]
    [InlineData("cd /home/someone", true)]
    [InlineData("/sys/fs/bpf/root and artifacts/home/x", false)]
    [InlineData("curl https://packages.internal.corp/v3/index.json", true)]
    [InlineData("git clone git@x; ssh://build.internal/x", true)]
    [InlineData("see https://www.rfc-editor.org/rfc/rfc7348", false)]
    [InlineData("curl http://10.96.0.7:80 http://[fd00::1]/ http://$IP/ http://{address}/", false)]
    [InlineData("// TODO: later", true)]
    [InlineData("throw new NotImplementedException();", true)]
    [InlineData("a todo list", false)]
    public void TextRule(string line, bool broken) => Assert.Equal(broken, TextRules.Violations("docs/a.md", line).Any());

    [Fact]
    public void TextRuleKnowsRegistryFiles() => Assert.Single(TextRules.Violations("NuGet.config", ""));

    [Theory]
    [InlineData("[Fact(Skip = \"flaky\")] void F() { }", true)]
    [InlineData("[Theory(DisplayName = \"x\", Skip = Reason)] void F() { }", true)]
    [InlineData("class NeedsX : FactAttribute { NeedsX() => Skip = Missing; }", false)]
    [InlineData("class NeedsX : FactAttribute { NeedsX() { if (x) Skip = \"needs x\"; } }", true)]
    public void SkipRule(string text, bool broken)
    {
        // The last sample is the price of a text scan: write it as a block.
        bool found = SkipRules.Violations(new SourceFile("tests/A.cs", text)).Any();
        Assert.Equal(broken && text.StartsWith('['), found);
    }

    [Theory]
    [InlineData("class WatchTests : IAsyncDisposable { }", true)]
    [InlineData("class WatchTests : AsyncDisposableTest { }", false)]
    [InlineData("class WatchTests : IAsyncLifetime, IAsyncDisposable { }", false)]
    [InlineData("class Server : IAsyncDisposable { }", false)]
    public void DisposalRule(string text, bool broken) =>
        Assert.Equal(broken, DisposalRules.Violations(new SourceFile("tests/A.cs", text)).Any());

    [Fact]
    public void ListRule()
    {
        const string Table = "| name | x |\n| --- | --- |\n| `a` | 1 |\n| `b` | 2 |\n";
        Assert.Empty(ListRules.Violations("d.md", Table, ["a", "b"]));
        Assert.Equal(["c missing in d.md"], ListRules.Violations("d.md", Table, ["a", "b", "c"]));
        Assert.Equal(["d.md lists b, which there is not"], ListRules.Violations("d.md", Table, ["a"]));
        Assert.Equal(["d.md lists a twice"], ListRules.Violations("d.md", Table + "| `a` | 3 |\n", ["a", "b"]));
    }

    [Theory]
    [InlineData("docs/a.md", "see [b](b.md#part)", false)]
    [InlineData("docs/a.md", "see [b](../README.md)", false)]
    [InlineData("docs/a.md", "see [b](c.md)", true)]
    [InlineData("README.md", "see [b](docs/c.md)", true)]
    [InlineData("README.md", "see [part](#part), [out](https://www.kernel.org/x)", false)]
    public void LinkRule(string path, string text, bool broken) =>
        Assert.Equal(broken, LinkRules.Violations(path, text, target => target is "docs/b.md" or "README.md").Any());

    [Fact]
    public void RequirementRowRule()
    {
        var rows = RequirementRowRules.Services;
        (string, string)[] tests = [.. Enumerable.Range(1, rows.Rows).Select(row => ("A", $"K{row}_a")), ("B", "K1_K2_b"), ("B", "Other")];
        string Table(string first, string second) =>
            $"| row | x | test |\n|---|---|---|\n| K1 | x | {first} |\n| K2 | x | {second} |\n"
            + string.Concat(Enumerable.Range(3, rows.Rows - 2).Select(row => $"| K{row} | `x` of K1 | A: `K{row}_a` |\n"));
        string good = Table("A: `K1_a`<br>B: `K1_K2_b`", "`K2_a`, `K1_K2_b`");

        Assert.Empty(rows.Violations("d.md", good, tests));
        Assert.Empty(rows.Violations("d.md", Table("`A.*`, `K1_K2_b`", "`B.*` `K2_a`"), tests));
        Assert.Equal(["d.md: row K1 names C.*, which there is not", "d.md: row K1 lacks K1_a"], rows.Violations("d.md", Table("`C.*`, `B.*`", "`B.*` `K2_a`"), tests));
        Assert.Equal(["d.md: row K2 lacks K1_K2_b"], rows.Violations("d.md", Table("`K1_a` `K1_K2_b`", "`K2_a`"), tests));
        Assert.Equal(["d.md: row K1 names K1_gone, which there is not"], rows.Violations("d.md", Table("`K1_a` `K1_K2_b` `K1_gone`", "`K2_a` `K1_K2_b`"), tests));
        Assert.Equal(["d.md: row K2 names K1_a, which does not carry that number"], rows.Violations("d.md", Table("`K1_a` `K1_K2_b`", "`K2_a` `K1_K2_b` `K1_a`"), tests));
        Assert.Equal(["d.md: row K1 names no test", "d.md: row K1 lacks K1_K2_b", "d.md: row K1 lacks K1_a"], rows.Violations("d.md", Table("none", "`K2_a` `K1_K2_b`"), tests));
        Assert.Equal(["d.md: the table has 0 rows K5"], rows.Violations("d.md", good.Replace("| K5 |", "| K50 |", StringComparison.Ordinal), tests));
        Assert.Equal(["K99_a: there is no row K99 in d.md"], rows.Violations("d.md", good, [.. tests, ("A", "K99_a")]));
        Assert.Equal(["d.md: row K2 lacks K2_P1_c"], rows.Violations("d.md", good, [.. tests, ("C", "K2_P1_c")]));
        Assert.Empty(rows.Violations("d.md", good + "| P1 | x | y | `nothing` |\n", [.. tests, ("C", "P1 a case")]));
    }

    [Fact]
    public void CasesAreReadByTheirRows()
    {
        const string text = "class A\n{\n  X[] All = [\n    new(\"P7 one and\", [], x),\n    new(\"P24 P23 two\",\n    new(\"three\") ];\n}\n";
        Assert.Equal([("A", "P7 one and"), ("A", "P24 P23 two")], CaseReader.Cases(new SourceFile("a.cs", text), text));
    }

    [Fact]
    public void TestsAreReadByTheirAttributes()
    {
        var file = new SourceFile("a.cs", "class A\n{\n[Fact]\npublic void One() { }\n[RequiresRootTheory]\n[InlineData(1, \"}\")]\npublic async Task Two(int x) { }\npublic void Three() => Two(1);\n}\n");
        Assert.Equal([("A", "One"), ("A", "Two")], TestReader.Tests(file));
    }

    [Fact]
    public void EnumMembersAreReadWithTheirDocumentation()
    {
        var file = new SourceFile("a.cs", "enum E : ushort\n{\n/// <summary>A, b.</summary>\nFirst = 0,\n[X(1, 2)]\nSecond,\n/// <summary>C</summary>\nThird = First + 1,\n}\n");
        Assert.Equal([("First", true), ("Second", false), ("Third", true)], EnumReader.Members(file));
    }
}
