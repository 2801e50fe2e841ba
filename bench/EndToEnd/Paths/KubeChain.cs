using System.Security.Cryptography;
using System.Text;

namespace Dataplane.Bench.EndToEnd.Paths;

/// <summary>Chain names as kube-proxy makes them: a prefix and 16 characters of the base32 of a SHA-256.</summary>
internal static class KubeChain
{
    private const string Base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"; // RFC 4648

    /// <summary>"KUBE-SVC-" + hash of "namespace/name:port" and protocol.</summary>
    internal static string Service(BenchService service, BenchServicePort port) =>
        "KUBE-SVC-" + Hash($"{BenchService.Namespace}/{service.Name}:{port.Name}{port.Protocol}");

    /// <summary>"KUBE-SEP-" + hash that also names the backend.</summary>
    internal static string Endpoint(BenchService service, BenchServicePort port, BenchBackend backend) =>
        "KUBE-SEP-" + Hash($"{BenchService.Namespace}/{service.Name}:{port.Name}{port.Protocol}{backend.Address}:{port.TargetPort}");

    private static string Hash(string text)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), hash);
        return string.Create(16, hash[..10].ToArray(), static (chars, bytes) =>
        {
            for (var i = 0; i < chars.Length; i++)
            {
                var bit = i * 5;
                var pair = (bytes[bit / 8] << 8) | (bit / 8 + 1 < bytes.Length ? bytes[bit / 8 + 1] : 0);
                chars[i] = Base32[(pair >> (11 - (bit % 8))) & 31];
            }
        });
    }
}
