using Dataplane.Packets;

namespace Dataplane.Control.Apply;

/// <summary>An Ethernet address at which an uplink takes what is for this node.</summary>
/// <param name="Ifindex">The uplink.</param>
/// <param name="Mac">Its own address, or that of a device on it.</param>
internal readonly record struct DeviceAddress(int Ifindex, MacAddress Mac);
