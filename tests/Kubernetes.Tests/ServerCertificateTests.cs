using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Dataplane.Testing.ApiServer;

namespace Dataplane.Kubernetes.Tests;

/// <summary>Whose certificates are believed.</summary>
public sealed class ServerCertificateTests : IDisposable
{
    private readonly TestAuthority _root = new("company");
    private readonly TestAuthority _cluster;

    public ServerCertificateTests() => _cluster = new TestAuthority("cluster", _root);

    public void Dispose()
    {
        _cluster.Dispose();
        _root.Dispose();
    }

    [Fact]
    public void AClustersAuthorityIsEnoughWhenItIsNotARootItself()
    {
        // As of kubeadm with an external authority: ca.crt is the cluster's own certificate, and who has issued that is nowhere.
        using var server = _cluster.IssueServer("192.0.2.1");
        Assert.True(Judge(_cluster.Pem, server));
        Assert.True(Judge(_cluster.Pem + "\n" + _root.Pem, server));
    }

    [Fact]
    public void ARootIsEnoughWhenTheServerShowsWhatIsBetween()
    {
        using var server = _cluster.IssueServer("192.0.2.1");
        Assert.True(Judge(_root.Pem, server, _cluster.Pem));
        Assert.Throws<AuthenticationException>(() => Judge(_root.Pem, server));
    }

    [Fact]
    public void AnAuthorityOfTheSameNameIsNotBelieved()
    {
        using var forger = new TestAuthority("cluster", _root);
        using var selfMade = new TestAuthority("cluster");
        foreach (var authority in new[] { forger, selfMade })
        {
            using var server = authority.IssueServer("192.0.2.1");
            Assert.Throws<AuthenticationException>(() => Judge(_cluster.Pem, server));
            Assert.Throws<AuthenticationException>(() => Judge(_cluster.Pem, server, authority.Pem));
        }
    }

    [Fact]
    public void WhatTheRootAboveAnAuthorityHasIssuedOtherwiseIsNotBelieved()
    {
        using var sibling = new TestAuthority("other-cluster", _root);
        using var server = sibling.IssueServer("192.0.2.1");
        using var direct = _root.IssueServer("192.0.2.1");
        Assert.Throws<AuthenticationException>(() => Judge(_cluster.Pem, server, sibling.Pem));
        // The authority's own certificate in the server's chain does not make it one of its own.
        Assert.Throws<AuthenticationException>(() => Judge(_cluster.Pem, server, sibling.Pem, _cluster.Pem, _root.Pem));
        Assert.Throws<AuthenticationException>(() => Judge(_cluster.Pem, direct, _cluster.Pem, _root.Pem));
    }

    [Fact]
    public void AClientsCertificateIsNoServers()
    {
        using var client = _cluster.IssueClient("192.0.2.1");
        Assert.Throws<AuthenticationException>(() => Judge(_cluster.Pem, client));
    }

    private static bool Judge(string authority, X509Certificate2 server, params string[] shown)
    {
        using var presented = new X509Chain();
        foreach (var pem in shown)
            presented.ChainPolicy.ExtraStore.Add(X509Certificate2.CreateFromPem(pem));
        return ServerCertificate.Judge(SecretText.Of(authority, "ca.crt"), server, presented, SslPolicyErrors.RemoteCertificateChainErrors);
    }
}
