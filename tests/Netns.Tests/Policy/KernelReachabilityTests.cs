using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Policy;

/// <summary>The control run of the probes: on plain nodes they find everything open, and exactly what a rule closes.</summary>
public sealed class KernelReachabilityTests(KernelReachabilityTests.Bed bed) : IClassFixture<KernelReachabilityTests.Bed>
{
    [RequiresRootFact]
    public void Without_rules_everyone_reaches_everyone() => bed.MustBecome(_ => true);

    [RequiresRootFact]
    public void A_rule_in_one_pod_shows_as_exactly_the_probes_it_drops()
    {
        NetworkNamespace pod = bed.Pod("y/b").Net;
        pod.Run("nft", $$"""
            add table ip filter
            add chain ip filter input { type filter hook input priority 0; }
            add rule ip filter input ip saddr {{bed.Pod("x/a").Address}} udp dport 81 drop
            add rule ip filter input ip saddr {{bed.Pod("z/c").Address}} tcp dport 80 drop
            """);
        try
        {
            bed.MustBecome(probe => probe.To != "y/b" || (probe.From, probe.Protocol, probe.Port) is not (("x/a", "UDP", 81) or ("z/c", "TCP", 80)));
        }
        finally
        {
            pod.Run("nft", "delete table ip filter");
        }
    }

    /// <summary>Two plain nodes.</summary>
    public sealed class Bed() : ReachabilityBed(NodeKind.Kernel);
}
