using Dataplane.Netns.Tests.Services;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Policy;

/// <summary>Connections that exist when a policy changes (P26): judged anew, packet by packet, in both directions.</summary>
[Collection(ServiceBed.Name)]
public sealed class EstablishedTests(ServiceBed bed)
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(1); // ten questions of a connection

    // Not the first, whose answers tell the bed that its nodes have settled.
    private ClusterPod Server => bed.Node1.Pods[2];

    [RequiresRootFact]
    public void P26_ConnectionsThatAPolicyForbidsStopOthersGoOnAndAllGoOnWithoutIt()
    {
        ClusterPod near = bed.Node1.Pods[1], far = bed.Node2.Pods[1], allowed = bed.Node2.Pods[2];
        using Dialogue fromNear = Hold(near), fromFar = Hold(far), fromAllowed = Hold(allowed);

        using (bed.Apply("policy-established", Policy("Ingress", $"ingress: [{{from: [{{podSelector: {{matchLabels: {{app: {allowed.Name}}}}}}}]}}]")))
        {
            MustBeSilent(fromNear, fromFar);
            fromAllowed.Next(5);
        }

        fromNear.Next(3);
        fromFar.Next(3);
        fromAllowed.Next(3);
        Assert.False(fromNear.HasEnded || fromFar.HasEnded || fromAllowed.HasEnded);
    }

    [RequiresRootFact]
    public void P26_AnEgressPolicyOfTheClientStopsItsConnectionsToo()
    {
        ClusterPod client = bed.Node2.Pods[1];
        using Dialogue connection = Hold(client);

        using (bed.Apply("policy-established", Policy("Egress", "egress: [{ports: [{port: 9}]}]", client)))
            MustBeSilent(connection);

        connection.Next(3);
    }

    private Dialogue Hold(ClusterPod client) => Who.Hold(client.Net, Server.Address, Who.Tcp, "--interval", "0.1");

    // What was under way when the policy came may still arrive.
    private static void MustBeSilent(params Dialogue[] connections)
    {
        Thread.Sleep(Silence / 5);
        int[] before = [.. connections.Select(connection => connection.Answers.Count)];
        Thread.Sleep(Silence);
        Assert.Equal(before, connections.Select(connection => connection.Answers.Count));
    }

    private string Policy(string direction, string rules, ClusterPod? subject = null) => $$$"""
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {namespace: {{{Server.Namespace}}}, name: established}
        spec:
          podSelector: {matchLabels: {app: {{{(subject ?? Server).Name}}} } }
          policyTypes: [{{{direction}}}]
          {{{rules}}}
        """;
}
