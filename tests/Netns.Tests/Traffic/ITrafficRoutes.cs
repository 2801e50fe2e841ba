namespace Dataplane.Netns.Tests.Traffic;

/// <summary>Which routes a <see cref="TrafficBed"/> is tested on.</summary>
public interface ITrafficRoutes
{
    /// <summary>Names of <see cref="TrafficRoutes"/>.</summary>
    static abstract IEnumerable<string> Routes { get; }
}
