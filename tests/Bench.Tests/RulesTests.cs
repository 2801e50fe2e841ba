using Dataplane.Bench.EndToEnd.Paths;
using Xunit;

namespace Dataplane.Bench.Tests;

public class RulesTests
{
    private static readonly BenchService s_web = new(
        "web", "10.96.0.9", [new BenchServicePort("http", "tcp", 80, 8080)],
        [new BenchBackend("a", "10.244.1.2", 1), new BenchBackend("b", "10.244.2.3", 2), new BenchBackend("c", "10.244.2.4", 2)]);

    [Fact]
    public void EachBackendGetsTheSameShare()
    {
        var rules = IptablesRules.Render([s_web]).Split('\n');

        Assert.Equal(
            [" --probability 0.33333333333 ", " --probability 0.50000000000 "],
            rules.Where(r => r.Contains("--probability")).Select(r => r[r.IndexOf(" --probability")..r.IndexOf("-j")]));
        Assert.Equal(3, rules.Count(r => r.Contains("-j DNAT --to-destination 10.244.")));
        Assert.Single(rules, r => r.StartsWith("-A KUBE-SERVICES -d 10.96.0.9/32 -p tcp ") && r.Contains("-j KUBE-SVC-"));
    }

    [Fact]
    public void EveryChainJumpedToIsDeclared()
    {
        var rules = IptablesRules.Render(BenchPlan.WithDummies(BenchPlan.Services, 14, 10)).Split('\n');
        var declared = rules.Where(r => r.StartsWith(':')).Select(r => r[1..].Split(' ')[0]).ToHashSet();
        var targets = rules.Where(r => r.Contains("-j KUBE-")).Select(r => r[(r.IndexOf("-j KUBE-") + 3)..].Split(' ')[0]);

        Assert.All(targets, t => Assert.Contains(t, declared));
        Assert.Contains(declared, c => c.Length == "KUBE-SVC-".Length + 16);
    }

    [Fact]
    public void EndpointRulesHaveNoCommentsInALargeCluster()
    {
        Assert.Equal(2, IptablesRules.Render([s_web, .. BenchService.Dummies(10, 997)]).Split('\n').Count(r => r.Contains("KUBE-SEP") && r.Contains("default/web:http -> 10.244.2")));
        var large = IptablesRules.Render([s_web, .. BenchService.Dummies(10, 998)]).Split('\n');
        Assert.DoesNotContain(large, r => r.Contains("KUBE-SEP") && r.Contains("comment"));
        Assert.Single(large, r => r.StartsWith("-A KUBE-SERVICES") && r.Contains("\"default/web:http cluster IP\""));
    }

    [Fact]
    public void DummiesHaveAddressesOfTheirOwn()
    {
        var all = BenchPlan.WithDummies(BenchPlan.Services, BenchPlan.MostServices, BenchPlan.MostEndpoints);

        Assert.Equal(BenchPlan.MostServices, all.Select(s => s.ClusterIp).Distinct().Count());
        Assert.Equal(BenchPlan.MostServices * BenchPlan.MostEndpoints, all.Sum(s => s.Backends.Count));
        var dummies = all.Except(BenchPlan.Services).SelectMany(s => s.Backends).Select(b => b.Address).ToList();
        Assert.Equal(dummies.Count, dummies.Distinct().Count());
        Assert.DoesNotContain(dummies, a => a.StartsWith("10.244.") || a.StartsWith("10.96."));
        Assert.Equal("web-local", all[9999].Name); // in the middle
    }
}
