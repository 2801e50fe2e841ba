namespace Dataplane.Bench.EndToEnd.Soak;

/// <summary>How a criterion of the soak run came out.</summary>
/// <param name="Criterion">What must be.</param>
/// <param name="Holds">Whether it is.</param>
/// <param name="Figures">What was seen.</param>
public sealed record Verdict(string Criterion, bool Holds, string Figures)
{
    /// <inheritdoc/>
    public override string ToString() => $"{(Holds ? "ok    " : "FAILED")} {Criterion}: {Figures}";
}
