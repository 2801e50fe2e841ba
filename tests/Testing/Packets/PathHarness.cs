using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Testing.Packets;

/// <summary>A worker's path of IPv4 without the worker.</summary>
/// <param name="tables">What the path reads; those of <see cref="SampleNode"/> when null.</param>
/// <param name="flows">Connections that conntrack can hold.</param>
public sealed class PathHarness(DataplaneTables? tables = null, int flows = 1024) : PathHarnessOf<IPv4Address>(tables, flows);
