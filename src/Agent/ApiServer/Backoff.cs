namespace Dataplane.Agent.ApiServer;

/// <summary>Pauses that double, with a part left to chance: a server that comes back is not met by all nodes at once.</summary>
internal sealed class Backoff(TimeSpan first, TimeSpan longest, Random random)
{
    private int _failures;

    /// <summary>The next pause: between half and all of what is due.</summary>
    public TimeSpan Next()
    {
        var due = Math.Min(first.TotalSeconds * Math.Pow(2, _failures++), longest.TotalSeconds);
        return TimeSpan.FromSeconds(due * (0.5 + random.NextDouble() / 2));
    }

    /// <summary>Something worked: the next pause is the first again.</summary>
    public void Reset() => _failures = 0;
}
