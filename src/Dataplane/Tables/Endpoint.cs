using Dataplane.Packets;

namespace Dataplane.Tables;

/// <summary>A local pod's interface.</summary>
/// <param name="Address">The pod's address of this family.</param>
/// <param name="Port">Port that leads to it.</param>
/// <param name="Mac">Ethernet address of the pod's side.</param>
/// <param name="Identity">What it is for policy; 0 while not known.</param>
/// <param name="Policy">Index in the policy table, or -1 while not known: then nothing passes (F5).</param>
public readonly record struct Endpoint<TAddress>(TAddress Address, ushort Port, MacAddress Mac, uint Identity, int Policy)
    where TAddress : unmanaged, IIpAddress<TAddress>;
