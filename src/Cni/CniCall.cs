using Dataplane.Cni.Configuration;
using Dataplane.Cni.Ipam;

namespace Dataplane.Cni;

/// <summary>What a command has at hand.</summary>
/// <param name="Environment">The variables.</param>
/// <param name="Configuration">The configuration.</param>
/// <param name="Dataplane">Connects at its first call.</param>
/// <param name="Ipam">Who gives addresses.</param>
/// <param name="Host">The world outside the process.</param>
internal sealed record CniCall(CniEnvironment Environment, NetworkConfiguration Configuration, DataplaneConnection Dataplane, IpamPlugin Ipam, CniHost Host);
