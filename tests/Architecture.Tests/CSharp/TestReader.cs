namespace Dataplane.Architecture.Tests.CSharp;

/// <summary>Reads which test methods there are.</summary>
internal static class TestReader
{
    /// <summary>Methods with an attribute whose name ends with Fact or Theory, and their class: the first one of the file.</summary>
    public static IEnumerable<(string Class, string Name)> Tests(SourceFile file)
    {
        for (int i = 1; i < file.Code.Count - 1; i++)
            if (file.Code[i].Kind == TokenKind.Word && file.Reads(i + 1, "(") && (file.Reads(i - 1, "void") || file.Reads(i - 1, "Task")) && IsTest(file, i))
                yield return (file.Types[0].Name, file.Code[i].Text);
    }

    // Backwards over modifiers and attributes, to the end of the member before.
    private static bool IsTest(SourceFile file, int name)
    {
        for (int i = name - 1; i >= 0 && !file.Reads(i, ";") && !file.Reads(i, "{") && !file.Reads(i, "}"); i--)
            if (file.Reads(i, "[") && file.Code[i + 1].Text is var attribute && (attribute.EndsWith("Fact", StringComparison.Ordinal) || attribute.EndsWith("Theory", StringComparison.Ordinal)))
                return true;
        return false;
    }
}
