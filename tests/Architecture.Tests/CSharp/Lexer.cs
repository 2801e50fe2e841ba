namespace Dataplane.Architecture.Tests.CSharp;

/// <summary>Cuts C# into tokens, so that rules are not fooled by what comments and strings say.</summary>
internal sealed class Lexer
{
    private readonly string _text;
    private readonly List<Token> _tokens = [];
    private int _at;
    private int _line = 1;

    private Lexer(string text) => _text = text;

    /// <summary>All tokens; what interpolated strings hold in braces follows their own token.</summary>
    public static List<Token> Lex(string text)
    {
        var lexer = new Lexer(text);
        while (lexer._at < text.Length)
            lexer.Next();
        return lexer._tokens;
    }

    private void Next()
    {
        char c = _text[_at];
        if (char.IsWhiteSpace(c))
            Skip(1);
        else if (StartsWith("//"))
            LineToken(StartsWith("///") ? TokenKind.DocComment : TokenKind.Comment);
        else if (StartsWith("/*"))
            Take(TokenKind.Comment, EndOf("*/", _at + 2));
        else if (c == '#' && (_tokens.Count == 0 || _tokens[^1].Line != _line))
            LineToken(TokenKind.Directive);
        else if (c is '"' or '$' or '@' && LooksLikeString())
            String();
        else if (c == '\'')
            Take(TokenKind.Text, EndOfQuoted('\'', _at + 1));
        else if (char.IsLetter(c) || c is '_' or '@')
            Take(TokenKind.Word, EndWhile(_at + 1, x => char.IsLetterOrDigit(x) || x == '_'));
        else if (char.IsDigit(c))
            Take(TokenKind.Number, EndWhile(_at + 1, x => char.IsLetterOrDigit(x) || x == '_'));
        else
            Take(TokenKind.Sign, _at + 1);
    }

    private bool LooksLikeString() => EndWhile(_at, x => x is '$' or '@') is var quote && quote < _text.Length && _text[quote] == '"';

    private void String()
    {
        int quote = EndWhile(_at, x => x is '$' or '@');
        int dollars = _text.AsSpan(_at, quote - _at).Count('$');
        bool verbatim = _text.AsSpan(_at, quote - _at).Contains('@');
        int quotes = EndWhile(quote, x => x == '"') - quote;
        bool raw = quotes >= 3;
        if (!raw)
            quotes = 1;
        _tokens.Add(new Token(dollars > 0 ? TokenKind.InterpolatedText : TokenKind.Text, "", _line));
        int start = _at, tokens = _tokens.Count - 1;
        Skip(quote + quotes - _at);
        while (_at < _text.Length)
        {
            if (raw && EndWhile(_at, x => x == '"') - _at >= quotes)
            {
                Skip(EndWhile(_at, x => x == '"') - _at);
                break;
            }
            if (!raw && !verbatim && _text[_at] == '\\' || verbatim && StartsWith("\"\""))
                Skip(2);
            else if (!raw && _text[_at] == '"')
            {
                Skip(1);
                break;
            }
            else if (dollars > 0 && _text[_at] == '{')
                Hole(raw, dollars);
            else
                Skip(1);
        }
        _tokens[tokens] = _tokens[tokens] with { Text = _text[start.._at] };
    }

    private void Hole(bool raw, int dollars)
    {
        int braces = EndWhile(_at, x => x == '{') - _at;
        Skip(braces);
        // "{{" is a brace; a raw string's hole has as many braces as dollars, and any before them are text.
        if (raw ? braces < dollars : braces % 2 == 0)
            return;
        int depth = 0;
        while (_at < _text.Length && (depth > 0 || _text[_at] != '}'))
        {
            depth += _text[_at] switch { '{' or '(' or '[' => 1, '}' or ')' or ']' => -1, _ => 0 };
            // A format after the colon is text, and may hold what no token starts with.
            if (depth == 0 && _text[_at] == ':' && _text[_at + 1] != ':')
            {
                Skip(_text.IndexOf('}', _at) - _at);
                break;
            }
            Next();
        }
        Skip(raw ? dollars : 1);
    }

    private void LineToken(TokenKind kind)
    {
        int end = _text.IndexOf('\n', _at);
        Take(kind, end < 0 ? _text.Length : end);
    }

    private void Take(TokenKind kind, int end)
    {
        _tokens.Add(new Token(kind, _text[_at..end], _line));
        Skip(end - _at);
    }

    private void Skip(int count)
    {
        int end = Math.Min(_at + count, _text.Length);
        for (; _at < end; _at++)
            if (_text[_at] == '\n')
                _line++;
    }

    private bool StartsWith(string text) => _text.AsSpan(_at).StartsWith(text);

    private int EndOf(string text, int from) => _text.IndexOf(text, from, StringComparison.Ordinal) is >= 0 and var at ? at + text.Length : _text.Length;

    private int EndOfQuoted(char quote, int from)
    {
        while (from < _text.Length && _text[from] != quote)
            from += _text[from] == '\\' ? 2 : 1;
        return Math.Min(from + 1, _text.Length);
    }

    private int EndWhile(int from, Func<char, bool> condition)
    {
        while (from < _text.Length && condition(_text[from]))
            from++;
        return from;
    }
}
