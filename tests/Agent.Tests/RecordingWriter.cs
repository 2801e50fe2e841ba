using System.Text;

namespace Dataplane.Agent.Tests;

/// <summary>Keeps what is written, readable while others write.</summary>
internal sealed class RecordingWriter : TextWriter
{
    private readonly StringBuilder _text = new();

    public override Encoding Encoding => Encoding.UTF8;

    public string Text
    {
        get
        {
            lock (_text)
                return _text.ToString();
        }
    }

    public bool Holds(string part) => Text.Contains(part, StringComparison.Ordinal);

    public override void Write(char value)
    {
        lock (_text)
            _text.Append(value);
    }

    public override void Write(string? value)
    {
        lock (_text)
            _text.Append(value);
    }

    public override void WriteLine(string? value) => Write(value + '\n');
}
