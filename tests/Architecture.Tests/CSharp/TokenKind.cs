namespace Dataplane.Architecture.Tests.CSharp;

/// <summary>As much of the lexical grammar as the rules tell apart.</summary>
internal enum TokenKind
{
    /// <summary>Names and keywords.</summary>
    Word,
    Number,
    Text,
    InterpolatedText,

    /// <summary>One character: braces, operators, separators.</summary>
    Sign,
    Comment,
    DocComment,
    Directive,
}
