using Dataplane.Architecture.Tests.CSharp;

namespace Dataplane.Architecture.Tests.Rules;

/// <summary>Reads the members of the enum a file declares.</summary>
internal static class EnumReader
{
    /// <summary>Members in order, with whether each is documented.</summary>
    public static IEnumerable<(string Name, bool IsDocumented)> Members(SourceFile file)
    {
        int depth = 0, attribute = 0;
        bool documented = false, atStart = false;
        foreach (var token in file.Tokens)
        {
            if (token.Is("[") || token.Is("]"))
                attribute += token.Is("[") ? 1 : -1;
            else if (attribute > 0)
                continue;
            else if (token.Is("{") || token.Is("}"))
            {
                depth += token.Is("{") ? 1 : -1;
                (documented, atStart) = (false, true);
            }
            else if (depth == 1 && token.Kind == TokenKind.DocComment)
                documented = true;
            else if (depth == 1 && token.Is(","))
                (documented, atStart) = (false, true);
            else if (depth == 1 && atStart && token.Kind == TokenKind.Word)
            {
                yield return (token.Text, documented);
                atStart = false;
            }
        }
    }
}
