using Xunit;

namespace Dataplane.Architecture.Tests.CSharp;

public sealed class LexerTests
{
    [Theory]
    [InlineData("a.b(1)", "a . b ( 1 )")]
    [InlineData("a // lock\nb", "a b")]
    [InlineData("a /* lock */ b", "a b")]
    [InlineData("#if lock\na", "a")]
    [InlineData("""x = "lock \" {" + y;""", """x = "lock \" {" + y ;""")]
    [InlineData("""x = @"a\" + y;""", """x = @"a\" + y ;""")]
    [InlineData("""x = @"a""b" + y;""", """x = @"a""b" + y ;""")]
    [InlineData("x = '\"' + '\\'' + y;", "x = '\"' + '\\'' + y ;")]
    [InlineData("""x = $"a {b.C("}")} {{no}} {d:x2} {e}" + y;""", """x = $"a {b.C("}")} {{no}} {d:x2} {e}" b . C ( "}" ) d e + y ;""")]
    [InlineData("\"\"\"\n \"lock\" {\n\"\"\" + y", "\"\"\"\n \"lock\" {\n\"\"\" + y")]
    [InlineData("$\"\"\"a {b} c\"\"\" + y", "$\"\"\"a {b} c\"\"\" b + y")]
    [InlineData("$$\"\"\"a {b} {{c}} d\"\"\" + y", "$$\"\"\"a {b} {{c}} d\"\"\" c + y")]
    [InlineData("@class", "@class")]
    public void StringsAndCommentsAreNotCode(string text, string expected) =>
        Assert.Equal(expected, string.Join(' ', new SourceFile("a.cs", text).Code.Select(token => token.Text)));

    [Fact]
    public void LinesAreCountedThroughStringsAndComments() =>
        Assert.Equal(6, Lexer.Lex("/*\n*/ \"\"\"\n\n\"\"\"\n//\nlast")[^1].Line);

    [Theory]
    [InlineData("namespace N; public sealed class A { class B { } enum C { X } }", "A +B +C")]
    [InlineData("namespace N { struct A { } interface B { } }", "A B")]
    [InlineData("record A(int X); record struct B; readonly record struct C<T>(T X) where T : struct;", "A B C")]
    [InlineData("class A<T> where T : class where U : struct, I { void F() { var record = 1; if (x is record r) { } } }", "A")]
    [InlineData("class A { string class_ = \"class B\"; }", "A")]
    public void TypesAreFound(string text, string expected) =>
        Assert.Equal(expected, string.Join(' ', new SourceFile("a.cs", text).Types.Select(type => (type.IsTopLevel ? "" : "+") + type.Name)));

    [Fact]
    public void DocumentationIsSeenThroughAttributes()
    {
        var file = new SourceFile("a.cs", "namespace N;\n/// <summary>A.</summary>\n[X(1)] // why\npublic sealed class A { }\nclass B { }");
        Assert.Equal([true, false], file.Types.Select(type => type.IsDocumented));
    }
}
