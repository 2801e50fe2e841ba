namespace Dataplane.Agent.Tests.Telemetry;

/// <summary>A clock that stands until it is moved.</summary>
internal sealed class ManualTime : TimeProvider
{
    private DateTimeOffset _now = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => _now;

    public DateTimeOffset Pass(double seconds) => _now += TimeSpan.FromSeconds(seconds);
}
