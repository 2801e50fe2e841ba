namespace Dataplane.Architecture.Tests.CSharp;

/// <summary>One C# file, cut into tokens.</summary>
internal sealed class SourceFile
{
    private static readonly HashSet<string> TypeKeywords = ["class", "struct", "interface", "enum", "record"];

    /// <param name="path">Path within the repository, with slashes.</param>
    /// <param name="text">Its text.</param>
    public SourceFile(string path, string text)
    {
        Path = path;
        LineCount = text.TrimEnd('\n').Split('\n').Length;
        Tokens = Lexer.Lex(text);
        Code = Tokens.FindAll(token => token.Kind is not (TokenKind.Comment or TokenKind.DocComment or TokenKind.Directive));
        Types = FindTypes();
    }

    public string Path { get; }

    public int LineCount { get; }

    /// <summary>Everything, comments included.</summary>
    public List<Token> Tokens { get; }

    /// <summary>What the compiler sees.</summary>
    public List<Token> Code { get; }

    /// <summary>Declared types in order; nested ones too.</summary>
    public List<TypeDeclaration> Types { get; }

    /// <summary>Folder of the file, with slashes, without one at its end.</summary>
    public string Folder => Path[..Math.Max(Path.LastIndexOf('/'), 0)];

    /// <summary>Whether the code at an index reads as these tokens, one after the other.</summary>
    public bool Reads(int index, params ReadOnlySpan<string> tokens)
    {
        if (index < 0 || index + tokens.Length > Code.Count)
            return false;
        for (int i = 0; i < tokens.Length; i++)
            if (!Code[index + i].Is(tokens[i]))
                return false;
        return true;
    }

    /// <summary>"path:line", as editors open it.</summary>
    public string At(Token token) => $"{Path}:{token.Line}";

    private List<TypeDeclaration> FindTypes()
    {
        var types = new List<TypeDeclaration>();
        var open = new Stack<bool>(); // per open brace: is it a namespace's?
        bool ofNamespace = false;
        for (int i = 0; i < Code.Count; i++)
        {
            var token = Code[i];
            if (token.Is("namespace"))
                ofNamespace = true;
            else if (token.Is(";"))
                ofNamespace = false;
            else if (token.Is("{"))
            {
                open.Push(ofNamespace);
                ofNamespace = false;
            }
            else if (token.Is("}"))
                open.TryPop(out _);
            else if (IsTypeKeyword(i))
                types.Add(new TypeDeclaration(
                    Code[i + 1].Text, Code[i + 1].Line, open.All(inNamespace => inNamespace), HasModifier(i, "partial"), IsDocumented(i)));
        }
        return types;
    }

    /// <summary>The keyword right before the name; a constraint ("where T : class") has no name after it.</summary>
    private bool IsTypeKeyword(int index) =>
        Code[index].Kind == TokenKind.Word && TypeKeywords.Contains(Code[index].Text) &&
        index + 1 < Code.Count && Code[index + 1].Kind == TokenKind.Word && !TypeKeywords.Contains(Code[index + 1].Text) &&
        !(index > 0 && Code[index - 1].Kind == TokenKind.Sign && Code[index - 1].Text is ":" or "," or "." or "=" or "(") &&
        (Code[index].Text != "record" || index + 2 < Code.Count && Code[index + 2].Text is "(" or "{" or ";" or ":" or "<");

    private bool HasModifier(int index, string modifier) => StatementBefore(index).Any(token => token.Is(modifier));

    private bool IsDocumented(int index)
    {
        var first = StatementBefore(index).Append(Code[index]).First();
        int at = Tokens.IndexOf(first);
        while (at > 0 && Tokens[at - 1].Kind is TokenKind.Comment or TokenKind.Directive)
            at--;
        return at > 0 && Tokens[at - 1].Kind == TokenKind.DocComment;
    }

    /// <summary>Attributes and modifiers before a declaration.</summary>
    private List<Token> StatementBefore(int index)
    {
        int start = index;
        while (start > 0 && !Code[start - 1].Is(";") && !Code[start - 1].Is("{") && !Code[start - 1].Is("}"))
            start--;
        return Code[start..index];
    }
}
