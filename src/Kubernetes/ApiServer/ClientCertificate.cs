using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dataplane.Kubernetes;

/// <summary>Our certificate with its key. It is made anew when one of its files has changed; connections ask for it.</summary>
/// <param name="certificate">The certificate in PEM.</param>
/// <param name="key">Its private key in PEM, not encrypted.</param>
public sealed class ClientCertificate(SecretText certificate, SecretText key)
{
    private readonly Lock _lock = new();
    private (string Certificate, string Key) _read;
    private X509Certificate2? _current;

    /// <summary>The certificate as it is now.</summary>
    /// <exception cref="AccessException">It cannot be read, or the key is not its own.</exception>
    public X509Certificate2 Current()
    {
        lock (_lock)
        {
            var read = (certificate.Read(), key.Read());
            if (_current is not null && read == _read)
                return _current;
            try
            {
                // The one before may be in a handshake: the collector takes it.
                _current = X509Certificate2.CreateFromPem(read.Item1, read.Item2);
                _read = read;
                return _current;
            }
            catch (Exception e) when (e is CryptographicException or ArgumentException)
            {
                throw new AccessException($"{certificate.Origin}: not a certificate in PEM with the key of {key.Origin}: {e.Message}");
            }
        }
    }
}
