using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Policy;

/// <summary>NetworkPolicy over real connections: the whole matrix is probed after every change.</summary>
public sealed class PolicyTests(PolicyTests.Bed bed) : IClassFixture<PolicyTests.Bed>
{
    private static readonly NetworkPolicyText DenyX = new("x", "deny", "{podSelector: {}, policyTypes: [Ingress]}");
    private static readonly NetworkPolicyText AllowX = new("x", "allow", "{podSelector: {}, policyTypes: [Ingress], ingress: [{}]}");
    private static readonly NetworkPolicyText FromY =
        new("x", "from-y", "{podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {ns: y}}}]}]}");

    /// <summary>Names of the cases.</summary>
    public static TheoryData<string> Cases => [.. PolicyCases.All.Select(one => one.Name)];

    [RequiresRootTheory, MemberData(nameof(Cases))]
    public void Case(string name)
    {
        PolicyCase one = PolicyCases.All.Single(candidate => candidate.Name == name);
        bed.OnlyPolicies(one.Policies);

        bed.MustBecome(one.Allowed);
    }

    [RequiresRootFact]
    public void P4_deleting_one_of_two_policies_leaves_the_other_in_force()
    {
        bed.OnlyPolicies(DenyX, AllowX);
        bed.MustBecome(_ => true);

        bed.OnlyPolicies(DenyX);
        bed.MustBecome(p => p.ToNamespace != "x");

        bed.OnlyPolicies();
        bed.MustBecome(_ => true);
    }

    [RequiresRootFact]
    public void P31_an_edited_policy_takes_effect()
    {
        bed.OnlyPolicies(AllowX);
        bed.MustBecome(_ => true);

        bed.OnlyPolicies(AllowX with { Spec = DenyX.Spec });

        bed.MustBecome(p => p.ToNamespace != "x");
    }

    [RequiresRootFact]
    public void P29_a_relabelled_namespace_is_another_peer()
    {
        bed.OnlyPolicies(FromY);
        bed.MustBecome(p => p.ToNamespace != "x" || p.FromNamespace == "y");
        try
        {
            bed.Cluster.Manifests.ApplyNamespace("z", new Dictionary<string, string> { ["ns"] = "y" });
            bed.MustBecome(p => p.ToNamespace != "x" || p.FromNamespace is "y" or "z");
        }
        finally
        {
            bed.Cluster.Manifests.ApplyNamespace("z", new Dictionary<string, string> { ["ns"] = "z" });
        }
        bed.MustBecome(p => p.ToNamespace != "x" || p.FromNamespace == "y");
    }

    [RequiresRootFact]
    public void P29_a_relabelled_pod_is_another_subject_and_another_peer()
    {
        bed.OnlyPolicies(new NetworkPolicyText("x", "only-b-to-a",
            "{podSelector: {matchLabels: {pod: a}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {pod: b}}}]}]}"));
        bed.MustBecome(p => p.To != "x/a" || p.From == "x/b");
        try
        {
            bed.Cluster.Manifests.ApplyPod(bed.Pod("x/c"), new Dictionary<string, string> { ["pod"] = "b" });
            bed.MustBecome(p => p.To != "x/a" || p.From is "x/b" or "x/c");

            bed.Cluster.Manifests.ApplyPod(bed.Pod("x/c"), new Dictionary<string, string> { ["pod"] = "a" });
            bed.MustBecome(p => p.To is not ("x/a" or "x/c") || p.From == "x/b");
        }
        finally
        {
            bed.Cluster.Manifests.ApplyPod(bed.Pod("x/c"));
        }
        bed.MustBecome(p => p.To != "x/a" || p.From == "x/b");
    }

    [RequiresRootFact]
    public void P29_a_namespace_that_is_deleted_is_no_peer_until_it_is_made_again()
    {
        bed.OnlyPolicies(FromY);
        bed.MustBecome(p => p.ToNamespace != "x" || p.FromNamespace == "y");
        try
        {
            bed.Cluster.Manifests.Delete("namespace-y");
            bed.MustBecome(p => p.ToNamespace != "x");
        }
        finally
        {
            bed.Cluster.Manifests.ApplyNamespace("y", new Dictionary<string, string> { ["ns"] = "y" });
        }
        bed.MustBecome(p => p.ToNamespace != "x" || p.FromNamespace == "y");
    }

    [RequiresRootFact]
    public void P28_P29_a_pod_that_is_deleted_is_cut_off_and_no_peer_until_it_is_made_again()
    {
        bed.OnlyPolicies(new NetworkPolicyText("x", "only-b-to-a",
            "{podSelector: {matchLabels: {pod: a}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {pod: b}}}]}]}"));
        bed.MustBecome(p => p.To != "x/a" || p.From == "x/b");
        try
        {
            bed.Cluster.Manifests.Delete("pod-x-b");
            bed.MustBecome(p => p.To != "x/a", gone: "x/b");
        }
        finally
        {
            bed.Cluster.Manifests.ApplyPod(bed.Pod("x/b"));
        }
        bed.MustBecome(p => p.To != "x/a" || p.From == "x/b");
    }

    [RequiresRootFact]
    public void P29_a_policy_that_is_made_edited_and_deleted_is_followed()
    {
        NetworkPolicyText policy = new("z", "followed", "{podSelector: {matchLabels: {pod: c}}, policyTypes: [Egress]}");
        bed.OnlyPolicies(policy);
        bed.MustBecome(p => p.From != "z/c");

        bed.OnlyPolicies(policy with { Spec = "{podSelector: {matchLabels: {pod: b}}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}]}]}" });
        bed.MustBecome(p => p.From != "z/b" || p.ToNamespace == "z");

        bed.OnlyPolicies();
        bed.MustBecome(_ => true);
    }

    [RequiresRootFact]
    public void A_file_with_an_error_is_reported_with_its_line_and_the_last_good_state_stays()
    {
        bed.OnlyPolicies(DenyX);
        bed.MustBecome(p => p.ToNamespace != "x");
        try
        {
            bed.Cluster.Manifests.Apply("policy-broken", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {namespace: x, name: broken}\nspec: {podSelector: [}\n");
            foreach (DataplaneNode node in bed.Cluster.Nodes.OfType<DataplaneNode>())
                node.Agent!.WaitForOutput("policy-broken.yaml", TimeSpan.FromSeconds(5));

            bed.MustBecome(p => p.ToNamespace != "x");
        }
        finally
        {
            bed.OnlyPolicies();
        }
        bed.MustBecome(_ => true);
    }

    [RequiresRootFact]
    public void Policy_stays_in_force_while_the_agent_is_gone_and_changes_when_it_is_back()
    {
        bed.OnlyPolicies(DenyX);
        bed.MustBecome(p => p.ToNamespace != "x");
        DataplaneNode[] nodes = [.. bed.Cluster.Nodes.OfType<DataplaneNode>()];
        foreach (DataplaneNode node in nodes)
            node.Agent!.Signal("KILL");
        bed.OnlyPolicies(FromY);

        bed.MustBecome(p => p.ToNamespace != "x");

        foreach (DataplaneNode node in nodes)
            node.StartAgent();
        bed.MustBecome(p => p.ToNamespace != "x" || p.FromNamespace == "y");
    }

    /// <summary>Two nodes of ours.</summary>
    public sealed class Bed() : ReachabilityBed(NodeKind.Dataplane);
}
