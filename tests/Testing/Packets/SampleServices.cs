using Dataplane.Packets;

namespace Dataplane.Testing.Packets;

/// <summary>Services that are reached from outside by IPv4.</summary>
public sealed class SampleServices : SampleServicesOf<IPv4Address>;
