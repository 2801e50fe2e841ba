using System.Globalization;

namespace Dataplane.Agent;

/// <summary>The agent's log: one line per event on a writer, "2026-01-31T12:00:00.000Z level message".</summary>
public sealed class Log(TextWriter writer)
{
    private readonly Lock _lock = new();

    /// <summary>A log that keeps nothing.</summary>
    public static Log None { get; } = new(TextWriter.Null);

    /// <summary>Something went as it should.</summary>
    public void Info(string message) => Write("info ", message);

    /// <summary>Something is odd, and the agent goes on.</summary>
    public void Warning(string message) => Write("warn ", message);

    /// <summary>Something that was asked for is not in force.</summary>
    public void Error(string message) => Write("error", message);

    private void Write(string level, string message)
    {
        var time = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        lock (_lock)
        {
            writer.WriteLine($"{time} {level} {message}");
            writer.Flush();
        }
    }
}
