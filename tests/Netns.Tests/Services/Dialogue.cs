using Dataplane.Testing;

namespace Dataplane.Netns.Tests.Services;

/// <summary>A client of Traffic/who.py that runs, and what it has met so far.</summary>
internal sealed class Dialogue(BackgroundProcess process) : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(15);

    /// <summary>All lines so far.</summary>
    public IReadOnlyList<Answer> Answers
    {
        get
        {
            string output = process.Output;
            return [.. output[..(output.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Answer.Parse)];
        }
    }

    /// <summary>The last line.</summary>
    public Answer Last => Answers[^1];

    /// <summary>True once the client has ended: its connection did.</summary>
    public bool HasEnded => process.HasExited;

    /// <summary>Waits for a condition on all lines so far.</summary>
    public void WaitFor(Func<IReadOnlyList<Answer>, bool> condition, string what, TimeSpan? bound = null) => process.WaitUntil(() => condition(Answers), what, bound ?? Bound);

    /// <summary>Waits until a line that is not here yet says a text ("pod-11 saw 10.244.1.10", "refused").</summary>
    public void WaitFor(string text)
    {
        int known = Answers.Count;
        WaitFor(answers => answers.Skip(known).Any(answer => answer.ToString() == text), $"say \"{text}\"");
    }

    /// <summary>Waits until a number of further lines are here, and returns them.</summary>
    public IReadOnlyList<Answer> Next(int count, TimeSpan? bound = null)
    {
        int known = Answers.Count;
        WaitFor(answers => answers.Count >= known + count, $"print {count} more lines", bound);
        return [.. Answers.Skip(known).Take(count)];
    }

    /// <summary>Waits for the client to end by itself, and returns its last line.</summary>
    public Answer End(TimeSpan bound)
    {
        process.WaitForExit(bound);
        return Last;
    }

    /// <inheritdoc />
    public void Dispose() => process.Dispose();
}
