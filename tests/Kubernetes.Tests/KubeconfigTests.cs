using System.Security.Cryptography.X509Certificates;
using System.Text;
using Dataplane.Testing;
using Dataplane.Testing.ApiServer;

namespace Dataplane.Kubernetes.Tests;

/// <summary>Kubeconfig files and service accounts, good and bad.</summary>
public sealed class KubeconfigTests : IDisposable
{
    private readonly TemporaryDirectory _files = new();
    private readonly TestAuthority _authority = new();

    public void Dispose()
    {
        _authority.Dispose();
        _files.Dispose();
    }

    [Fact]
    public void The_current_context_counts_and_paths_are_relative_to_the_file()
    {
        _files.Write("ca.pem", _authority.Pem);
        _files.Write("token", "fresh\n");
        var access = Read("""
            apiVersion: v1
            kind: Config
            current-context: two
            preferences: {}
            contexts:
            - {name: one, context: {cluster: c1, user: u1}}
            - {name: two, context: {cluster: c2, user: u2, namespace: x}}
            clusters:
            - {name: c1, cluster: {server: "https://one.example.com"}}
            - {name: c2, cluster: {server: "https://two.example.com:6443", certificate-authority: ca.pem, tls-server-name: kubernetes}}
            users:
            - {name: u1, user: {token: other}}
            - {name: u2, user: {tokenFile: token, token: stale}}
            """);
        Assert.Equal("https://two.example.com:6443/", access.Server.AbsoluteUri);
        Assert.Equal("kubernetes", access.ServerName);
        Assert.Equal(_authority.Pem, access.Authority!.Read());
        Assert.Equal("fresh\n", access.Token!.Read());
        Assert.False(access.SkipVerification);
        Assert.Null(access.Certificate);
    }

    [Fact]
    public void Certificates_may_be_in_the_file_itself()
    {
        using var own = _authority.IssueClient("agent");
        using var key = own.GetECDsaPrivateKey()!;
        var access = Read(Config(
            $"server: 'https://10.0.0.1:6443/behind', certificate-authority-data: {Base64(_authority.Pem)}",
            $"client-certificate-data: {Base64(own.ExportCertificatePem())}, client-key-data: {Base64(key.ExportPkcs8PrivateKeyPem())}"));
        Assert.Equal("https://10.0.0.1:6443/behind/", access.Server.AbsoluteUri);
        Assert.Equal("CN=agent", access.Certificate!.Current().Subject);
        Assert.True(access.Certificate.Current().HasPrivateKey);
        Assert.Same(access.Certificate.Current(), access.Certificate.Current());
    }

    [Theory]
    [InlineData("server: 'https://10.0.0.1'", "exec: {command: aws}", "user.exec: programs that make credentials are not run by the agent; give it a token, tokenFile or client-certificate")]
    [InlineData("server: 'https://10.0.0.1'", "auth-provider: {name: gcp}", "user.auth-provider: clients have dropped these")]
    [InlineData("server: 'https://10.0.0.1'", "username: u, password: p", "user.username: API servers do not take passwords any more")]
    [InlineData("server: 'https://10.0.0.1'", "as: other", "user.as: the agent acts as itself")]
    [InlineData("server: 'https://10.0.0.1'", "client-certificate-data: aGVsbG8=", "user.client-key: is required: a certificate and its key go together")]
    [InlineData("server: 'https://10.0.0.1'", "client-key-data: aGVsbG8=", "user.client-certificate: is required")]
    [InlineData("server: 'https://10.0.0.1'", "client-key-data: aGVsbG8=, client-certificate-data: aGVsbG8=", "user.client-certificate-data: not a certificate in PEM with the key of")]
    [InlineData("server: 'https://10.0.0.1'", "client-key-data: '?', client-certificate-data: aGVsbG8=", "user.client-key-data: is not base64")]
    [InlineData("server: 'https://10.0.0.1'", "tokenFile: none", "Could not find file")]
    [InlineData("server: 'https://10.0.0.1', certificate-authority-data: aGVsbG8=", "token: t", "cluster.certificate-authority-data: holds no certificate in PEM")]
    [InlineData("server: 'https://10.0.0.1', certificate-authority: none", "token: t", "put the file there, or name another")]
    [InlineData("server: 'https://10.0.0.1', certificate-authority-data: aGVsbG8=, insecure-skip-tls-verify: true", "token: t", "cluster.insecure-skip-tls-verify: has no sense beside a certificate-authority")]
    [InlineData("server: 'https://10.0.0.1', insecure-skip-tls-verify: maybe", "token: t", "cluster.insecure-skip-tls-verify: wants true or false, found the string \"maybe\"")]
    [InlineData("server: 'https://10.0.0.1', proxy-url: 'http://10.0.0.9'", "token: t", "cluster.proxy-url: the agent does not go through a proxy")]
    [InlineData("server: h", "token: t", "cluster.server: h: not the address of an API server; give for example https://192.168.0.10:6443")]
    [InlineData("server: 'http://10.0.0.1'", "token: t", "cluster.server: http://10.0.0.1: http is taken for this machine only")]
    [InlineData("certificate-authority: x", "token: t", "cluster.server: is required")]
    public void What_is_wrong_is_named_with_its_place_and_a_remedy(string cluster, string user, string expected)
    {
        var error = Assert.Throws<AccessException>(() => Read(Config(cluster, user)));
        Assert.StartsWith($"--kubeconfig {_files["config"]}", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("aGVsbG8=", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "the file is empty")]
    [InlineData("[", ":1:")]
    [InlineData("current-context: x\ncontexts: []", ":1:18: current-context: there is no \"x\" among contexts")]
    [InlineData("contexts: []", "current-context: is required")]
    [InlineData("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]", ":2:41: contexts[0].context.cluster: there is no \"c\" among clusters")]
    [InlineData("current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: 'https://10.0.0.1'}}]", "contexts[0].context.user: there is no \"u\" among users")]
    public void A_file_that_says_too_little_is_refused(string text, string expected)
    {
        var error = Assert.Throws<AccessException>(() => Read(text));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_named() =>
        Assert.StartsWith(
            "--kubeconfig /no/such: Could not find",
            Assert.Throws<AccessException>(() => Kubeconfig.Read("/no/such")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("10.96.0.1", "443", "https://10.96.0.1/")]
    [InlineData("fd00::1", "6443", "https://[fd00::1]:6443/")]
    public void A_pod_knows_its_server_from_the_environment(string host, string port, string expected)
    {
        WriteAccount();
        var access = ServiceAccount.Read(_files.Path, null, name => name == "KUBERNETES_SERVICE_HOST" ? host : port);
        Assert.Equal(expected, access.Server.AbsoluteUri);
        Assert.Equal("token", access.Token!.Read());
    }

    [Fact]
    public void K37_with_its_address_given_neither_variable_nor_ClusterIP_is_needed()
    {
        WriteAccount();
        var server = ApiServerAccess.ParseServer("https://192.168.0.1:6443", "--api-server");
        var access = ServiceAccount.Read(_files.Path, server, _ => throw new InvalidOperationException("the environment was asked"));
        Assert.Equal("https://192.168.0.1:6443/", access.Server.AbsoluteUri);
        Assert.Equal(_authority.Pem, access.Authority!.Read());
    }

    [Fact]
    public void Without_an_account_or_a_server_it_is_no_pod()
    {
        Assert.Contains("--in-cluster: certificate authority", Assert.Throws<AccessException>(
            () => ServiceAccount.Read(_files["none"], new Uri("https://10.0.0.1/"), _ => null)).Message, StringComparison.Ordinal);
        WriteAccount();
        Assert.StartsWith("--in-cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: this is not a pod; give for example --api-server", Assert.Throws<AccessException>(
            () => ServiceAccount.Read(_files.Path, null, _ => null)).Message, StringComparison.Ordinal);
    }

    private ApiServerAccess Read(string text)
    {
        _files.Write("config", text);
        return Kubeconfig.Read(_files["config"]);
    }

    private void WriteAccount()
    {
        _files.Write("token", "token");
        _files.Write("ca.crt", _authority.Pem);
    }

    private static string Config(string cluster, string user) => $$$"""
        current-context: x
        contexts: [{name: x, context: {cluster: c, user: u}}]
        clusters: [{name: c, cluster: { {{{cluster}}} }}]
        users: [{name: u, user: { {{{user}}} }}]
        """;

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
