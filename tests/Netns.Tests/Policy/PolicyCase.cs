namespace Dataplane.Netns.Tests.Policy;

/// <summary>A set of NetworkPolicies and who may reach whom under them.</summary>
/// <param name="Name">The requirement row and a sentence.</param>
/// <param name="Policies">The policies; "$x/a" in a spec stands for the address of that pod, "$node-2" for the node's.</param>
/// <param name="Allowed">The truth table.</param>
public sealed record PolicyCase(string Name, NetworkPolicyText[] Policies, Func<Probe, bool> Allowed);
