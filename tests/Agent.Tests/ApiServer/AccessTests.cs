using System.Security.Cryptography.X509Certificates;
using Dataplane.Agent.ApiServer;
using Dataplane.Agent.Tests.Manifests;

namespace Dataplane.Agent.Tests.ApiServer;

/// <summary>Who we are to the server, and whether the server is who it should be.</summary>
public sealed class AccessTests : AsyncDisposableTest
{
    private readonly TemporaryDirectory _files = new();
    private FollowedServer _followed = new();

    public override async ValueTask DisposeAsync()
    {
        await _followed.DisposeAsync();
        _files.Dispose();
    }

    [Fact]
    public async Task K37_the_token_of_a_service_account_is_read_anew_when_it_was_rotated()
    {
        var server = _followed.Server;
        server.Token = "first";
        server.Put(Names.Namespaces("a"));
        WriteAccount("first", server.Authority.Pem);
        // The address is given: neither variable is there, and no service has to be served to reach it.
        await _followed.StartAsync(_ => ServiceAccount.Read(_files.Path, new Uri(server.Address + "/"), _ => null));
        Assert.Equal("a", await _followed.NextNamesAsync());
        await _followed.WatchingAsync();
        server.Token = "second";
        server.Put(Names.Namespaces("b"));
        // A watch that was begun goes on; the next one is refused until the file has the new token.
        Assert.Equal("a b", await _followed.NextNamesAsync());
        server.DropWatches();
        server.Put(Names.Namespaces("c"));
        await FollowedServer.WaitAsync(() => _followed.Kind("Namespace").Failures > 3, "be refused");
        Assert.True(_followed.Log.Holds("Namespace: 401 Unauthorized: Unauthorized (the server does not know our token or certificate; see that it is renewed); the last state stays in force"));
        await _followed.ExpectNothingAsync(100);
        _files.Replace("token", "second\n");
        Assert.Equal("a b c", await _followed.NextNamesAsync());
        Assert.Equal(1, _followed.Kind("Namespace").Lists);
    }

    [Fact]
    public async Task A_token_file_that_goes_away_is_waited_for()
    {
        _followed.Server.Token = "t";
        _followed.Server.Put(Names.Namespaces("a"));
        WriteAccount("t", _followed.Server.Authority.Pem);
        await _followed.StartAsync(_ => ServiceAccount.Read(_files.Path, new Uri(_followed.Server.Address + "/"), _ => null));
        Assert.Equal("a", await _followed.NextNamesAsync());
        await _followed.WatchingAsync();
        File.Delete(_files["token"]);
        _followed.Server.DropWatches();
        await FollowedServer.WaitAsync(() => _followed.Log.Holds($"--in-cluster: token {_files["token"]}: Could not find file"), "say so");
        _files.Write("token", "sesame\nopen");
        await FollowedServer.WaitAsync(() => _followed.Log.Holds($"--in-cluster: token {_files["token"]}: not a token"), "say so");
        Assert.False(_followed.Log.Holds("sesame"));
        _followed.Server.Put(Names.Namespaces("b"));
        _files.Write("token", "t");
        Assert.Equal("a b", await _followed.NextNamesAsync());
    }

    [Fact]
    public async Task A_client_certificate_is_shown_and_read_anew_for_new_connections()
    {
        _followed = new FollowedServer { Server = new FakeApiServer { WantsCertificate = true } };
        var server = _followed.Server;
        server.Put(Names.Namespaces("a"));
        using var stranger = new TestAuthority("another");
        WriteIdentity(stranger);
        await _followed.StartAsync(access => access with { Certificate = Identity() });
        await FollowedServer.WaitAsync(() => _followed.Log.Holds("401 Unauthorized"), "be refused");
        await _followed.ExpectNothingAsync(100);
        WriteIdentity(server.Authority);
        // The connection that there is keeps its certificate; the server's end of it brings the new one.
        await server.StopAsync();
        await server.StartAsync();
        Assert.Equal("a", await _followed.NextNamesAsync());
    }

    [Fact]
    public async Task New_requests_take_a_new_connection_after_a_while_and_watches_that_are_open_go_on()
    {
        _followed = new FollowedServer { Timing = new() { ConnectionLifetime = TimeSpan.FromMilliseconds(200), Watch = TimeSpan.FromSeconds(2) } };
        await _followed.StartAsync();
        await _followed.NextAsync();
        await FollowedServer.WaitAsync(() => _followed.Server.Connections.Count > 1, "connect anew");
        await FollowedServer.WaitAsync(() => _followed.Kind("Pod").Watches > 1, "watch again");
        Assert.Equal(0, _followed.Kind("Pod").Failures);
    }

    [Fact]
    public async Task A_server_of_another_authority_is_refused()
    {
        using var stranger = new TestAuthority("another");
        _followed.Server.Token = "secret";
        await _followed.StartAsync(access => access with { Authority = SecretText.Of(stranger.Pem, "certificate-authority-data") });
        await FollowedServer.WaitAsync(() => _followed.Log.Holds("the server's certificate (CN=127.0.0.1) is refused by certificate-authority-data: "), "say so");
        Assert.Empty(_followed.Server.Requests);
    }

    [Fact]
    public async Task Of_several_authorities_any_will_do_and_they_are_read_anew()
    {
        using var old = new TestAuthority("old");
        _followed.Server.Put(Names.Namespaces("a"));
        _files.Write("ca.crt", old.Pem);
        await _followed.StartAsync(access => access with { Authority = SecretText.InFile(_files["ca.crt"], "ca") });
        await FollowedServer.WaitAsync(() => _followed.Log.Holds("is refused by ca"), "refuse");
        _files.Replace("ca.crt", old.Pem + "\n" + _followed.Server.Authority.Pem);
        Assert.Equal("a", await _followed.NextNamesAsync());
    }

    [Fact]
    public async Task A_server_with_another_name_is_refused_though_its_authority_is_right()
    {
        _followed = new FollowedServer { Server = new FakeApiServer { Names = ["kubelet-7.example.com"] } };
        await _followed.StartAsync();
        await FollowedServer.WaitAsync(() => _followed.Log.Holds("the server's certificate (CN=kubelet-7.example.com) is not for this address; use one of its names, or set tls-server-name"), "say so");
        Assert.Empty(_followed.Server.Requests);
    }

    [Fact]
    public async Task The_name_that_a_certificate_must_have_can_be_given()
    {
        _followed = new FollowedServer { Server = new FakeApiServer { Names = ["kubernetes.default.svc"] } };
        _followed.Server.Put(Names.Namespaces("a"));
        await _followed.StartAsync(access => access with { ServerName = "kubernetes.default.svc" });
        Assert.Equal("a", await _followed.NextNamesAsync());
    }

    [Fact]
    public async Task Verification_can_be_switched_off()
    {
        _followed = new FollowedServer { Server = new FakeApiServer { Names = ["elsewhere.example.com"] } };
        _followed.Server.Put(Names.Namespaces("a"));
        await _followed.StartAsync(access => access with { Authority = null, SkipVerification = true });
        Assert.Equal("a", await _followed.NextNamesAsync());
    }

    private ClientCertificate Identity() =>
        new(SecretText.InFile(_files["client.crt"], "client-certificate"), SecretText.InFile(_files["client.key"], "client-key"));

    private void WriteIdentity(TestAuthority authority)
    {
        using var own = authority.IssueClient("agent");
        using var key = own.GetECDsaPrivateKey()!;
        _files.Replace("client.key", key.ExportPkcs8PrivateKeyPem());
        _files.Replace("client.crt", own.ExportCertificatePem());
    }

    private void WriteAccount(string token, string authority)
    {
        _files.Write("token", token);
        _files.Write("ca.crt", authority);
    }
}
