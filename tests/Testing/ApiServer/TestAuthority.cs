using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dataplane.Testing.ApiServer;

/// <summary>A certificate authority that lives as long as a test.</summary>
public sealed class TestAuthority : IDisposable
{
    private readonly X509Certificate2 _root;

    /// <param name="name">Its name.</param>
    /// <param name="above">Who issues its certificate; null: itself.</param>
    public TestAuthority(string name = "test-ca", TestAuthority? above = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        if (above is null)
        {
            _root = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
            return;
        }
        using var bare = request.Create(above._root, DateTimeOffset.UtcNow.AddHours(-2), DateTimeOffset.UtcNow.AddHours(2), Guid.NewGuid().ToByteArray());
        _root = bare.CopyWithPrivateKey(key);
    }

    public string Pem => _root.ExportCertificatePem();

    public void Dispose() => _root.Dispose();

    /// <summary>A server's certificate; names that are addresses become such.</summary>
    public X509Certificate2 IssueServer(params string[] names)
    {
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address))
                alternatives.AddIpAddress(address);
            else
                alternatives.AddDnsName(name);
        }
        return Issue(names[0], "1.3.6.1.5.5.7.3.1", alternatives.Build());
    }

    /// <summary>A client's certificate.</summary>
    public X509Certificate2 IssueClient(string name) => Issue(name, "1.3.6.1.5.5.7.3.2", null);

    /// <summary>True for certificates of this authority.</summary>
    public bool Issued(X509Certificate2 certificate) => certificate.IssuerName.Name == _root.SubjectName.Name;

    private X509Certificate2 Issue(string name, string usage, X509Extension? alternatives)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_root, true, false));
        if (alternatives is not null)
            request.CertificateExtensions.Add(alternatives);
        using var bare = request.Create(_root, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1), Guid.NewGuid().ToByteArray());
        using var whole = bare.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pkcs12), null);
    }
}
