namespace Dataplane.Agent.Model;

/// <summary>
/// Service.spec.trafficDistribution. In a cluster the endpoint slice controller turns it into hints, and those are what
/// counts (K21); it matters here only where endpoints are derived from pods.
/// </summary>
public enum TrafficDistribution
{
    /// <summary>All endpoints alike.</summary>
    None,

    /// <summary>Endpoints of the client's zone first; also under its old name PreferClose.</summary>
    PreferSameZone,

    /// <summary>Endpoints of the client's node first, then those of its zone.</summary>
    PreferSameNode,
}
