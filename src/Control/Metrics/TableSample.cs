namespace Dataplane.Control.Metrics;

/// <summary>Sizes of the tables that the agent fills.</summary>
/// <param name="Endpoints">Attached pods.</param>
/// <param name="EndpointsWaiting">Those of them whose policy is not known yet, so that they have no connectivity.</param>
/// <param name="Services">Service ports.</param>
/// <param name="Backends">Backends of all services.</param>
/// <param name="Policies">Policies.</param>
/// <param name="Identities">Identities.</param>
/// <param name="Ipcache">Prefixes with an identity.</param>
/// <param name="Nodes">Nodes, this one among them.</param>
/// <param name="NodesUnresolved">Those of them whose next hop has no known Ethernet address.</param>
public readonly record struct TableSample(
    ulong Endpoints, ulong EndpointsWaiting, ulong Services, ulong Backends, ulong Policies, ulong Identities, ulong Ipcache, ulong Nodes,
    ulong NodesUnresolved);
