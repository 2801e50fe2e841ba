namespace Dataplane.Agent.Model;

/// <summary>One port of an EndpointSlice; slice ports without a number are left out (K4).</summary>
public sealed record SlicePort(string Name, Protocol Protocol, ushort Port);
