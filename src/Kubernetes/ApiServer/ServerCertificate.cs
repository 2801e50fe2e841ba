using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dataplane.Kubernetes;

/// <summary>
/// Judges the certificate of an API server. Its authority is the cluster's own, which the machine does not know; it is read anew
/// for each connection, because clusters change theirs.
/// </summary>
public static class ServerCertificate
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>True: the server is who it should be.</summary>
    /// <exception cref="AuthenticationException">It is not; says what is wrong, which a plain no could not.</exception>
    public static bool Judge(SecretText? authority, X509Certificate? certificate, X509Chain? presented, SslPolicyErrors errors)
    {
        if ((errors & SslPolicyErrors.RemoteCertificateNotAvailable) != 0 || certificate is not X509Certificate2 leaf)
            throw new AuthenticationException("the server has no certificate");
        // A certificate of the same authority for another name is that of a kubelet, or of any webhook.
        if ((errors & SslPolicyErrors.RemoteCertificateNameMismatch) != 0)
            throw new AuthenticationException($"the server's certificate ({leaf.Subject}) is not for this address; use one of its names, or set tls-server-name");
        if (authority is null)
        {
            return errors == SslPolicyErrors.None
                ? true
                : throw new AuthenticationException("the server's certificate leads to no authority that this machine trusts; set certificate-authority");
        }
        var trusted = ReadAuthorities(authority);
        if (LeadsTo(trusted, leaf, presented, aroundRoots: false, out var reasons) || LeadsTo(trusted, leaf, presented, aroundRoots: true, out _))
            return true;
        throw new AuthenticationException($"the server's certificate ({leaf.Subject}) is refused by {authority.Origin}: {reasons}");
    }

    // A cluster's authority may be somebody else's in turn, and its file hold its own certificate only: as other clients do, that is
    // enough. The runtime asks for a root; without one it must be a certificate of the file that the chain goes through. What is
    // wrong otherwise, as with signatures, counts in both cases.
    private static bool LeadsTo(X509Certificate2Collection trusted, X509Certificate2 leaf, X509Chain? presented, bool aroundRoots, out string reasons)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(trusted);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        if (aroundRoots)
            chain.ChainPolicy.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority;
        if (presented is not null)
            chain.ChainPolicy.ExtraStore.AddRange(presented.ChainPolicy.ExtraStore);
        var leads = chain.Build(leaf)
            && (!aroundRoots || chain.ChainElements.Any(e => trusted.Any(t => t.RawDataMemory.Span.SequenceEqual(e.Certificate.RawDataMemory.Span))));
        reasons = string.Join(", ", chain.ChainStatus.Select(s => s.StatusInformation.TrimEnd('.', ' ', '\n')).Distinct());
        return leads;
    }

    /// <summary>The certificates of an authority.</summary>
    /// <exception cref="AccessException">There is none.</exception>
    public static X509Certificate2Collection ReadAuthorities(SecretText authority)
    {
        var found = new X509Certificate2Collection();
        try
        {
            found.ImportFromPem(authority.Read());
        }
        catch (CryptographicException e)
        {
            throw new AccessException($"{authority.Origin}: not certificates in PEM: {e.Message}");
        }
        return found.Count > 0 ? found : throw new AccessException($"{authority.Origin}: holds no certificate in PEM");
    }
}
