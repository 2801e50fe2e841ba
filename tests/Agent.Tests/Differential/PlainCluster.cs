namespace Dataplane.Agent.Tests.Differential;

/// <summary>A cluster in the test's own words, so that the reference shares nothing with the code under test.</summary>
internal sealed record PlainCluster(List<PlainNamespace> Namespaces, List<PlainPod> Pods, List<PlainPolicy> Policies);

internal sealed record PlainNamespace(string Name, Dictionary<string, string> Labels);

internal sealed record PlainPod(
    string Namespace, string Name, string Address, int Node, Dictionary<string, string> Labels,
    List<PlainPort> Ports, bool HostNetwork, bool Ended)
{
    public string FullName => $"{Namespace}/{Name}";
}

internal sealed record PlainPort(string Name, string Protocol, int Number);

internal sealed record PlainPolicy(
    string Namespace, string Name, PlainSelector? Pods, List<string>? Types, List<PlainRule>? Ingress, List<PlainRule>? Egress);

internal sealed record PlainRule(List<PlainPeer>? Peers, List<PlainRulePort>? Ports);

internal sealed record PlainPeer(PlainSelector? Pods, PlainSelector? Namespaces, PlainBlock? Block);

internal sealed record PlainBlock(string Cidr, List<string> Except);

internal sealed record PlainRulePort(string? Protocol, string? Port, int? EndPort);

internal sealed record PlainSelector(Dictionary<string, string> Labels, List<(string Key, string Operator, string[] Values)> Expressions);
