namespace Dataplane.Netns.Tests.Policy;

/// <summary>A NetworkPolicy as YAML.</summary>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="Spec">Its spec in flow style.</param>
public sealed record NetworkPolicyText(string Namespace, string Name, string Spec)
{
    /// <summary>The whole object.</summary>
    public override string ToString() => $$"""
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          namespace: {{Namespace}}
          name: {{Name}}
        spec: {{Spec}}
        """;
}
