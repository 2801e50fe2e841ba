namespace Dataplane.Bench.EndToEnd.Scale;

/// <summary>Where the time of one change went, milliseconds.</summary>
/// <param name="Used">From the file's renaming into place until a new connection was answered by the new endpoint.</param>
/// <param name="Read">Until the agent had noticed, waited for quiet, read and parsed the file.</param>
/// <param name="Compiled">The agent's computing of the desired state.</param>
/// <param name="Sent">The agent's taking the difference, and the call, less what the dataplane did.</param>
/// <param name="Published">The dataplane's, from the receipt of the change until the workers had it.</param>
internal sealed record ChangeTimes(double Used, double Read, double Compiled, double Sent, double Published);
