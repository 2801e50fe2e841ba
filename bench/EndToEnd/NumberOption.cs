namespace Dataplane.Bench.EndToEnd;

/// <summary>An option of <see cref="NumberOptions"/>.</summary>
/// <param name="Name">With its dashes.</param>
/// <param name="Default">Unless given.</param>
/// <param name="Least">Least number allowed.</param>
/// <param name="Most">Largest number allowed.</param>
public sealed record NumberOption(string Name, int Default, int Least, int Most);
