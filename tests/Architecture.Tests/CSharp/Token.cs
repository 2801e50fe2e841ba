namespace Dataplane.Architecture.Tests.CSharp;

/// <summary>A piece of C# source.</summary>
internal readonly record struct Token(TokenKind Kind, string Text, int Line)
{
    public bool Is(string text) => Kind is TokenKind.Word or TokenKind.Sign && Text == text;
}
