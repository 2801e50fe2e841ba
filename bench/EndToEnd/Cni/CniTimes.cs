namespace Dataplane.Bench.EndToEnd.Cni;

/// <summary>How long calls of a plugin took, milliseconds, in their order.</summary>
/// <param name="Plugin">Its name.</param>
/// <param name="Add">ADD, from the start of the process to its end.</param>
/// <param name="Del">DEL.</param>
internal sealed record CniTimes(string Plugin, List<double> Add, List<double> Del);
