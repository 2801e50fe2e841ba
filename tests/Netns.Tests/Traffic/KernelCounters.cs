using System.Text.Json;
using Dataplane.Testing;

namespace Dataplane.Netns.Tests.Traffic;

/// <summary>What the kernel counted in a namespace since it was made, as `nstat` shows it.</summary>
internal static class KernelCounters
{
    // Any of these means that somebody sent bytes that were wrong, not merely lost.
    private static readonly string[] MustStayZero =
    [
        "TcpInCsumErrors", "TcpInErrs", "UdpInCsumErrors", "IcmpInCsumErrors", "IpInHdrErrors", "IpReasmFails", "IpExtInCsumErrors",
        "IpExtInTruncatedPkts",
    ];

    /// <summary>Counters that ought to be zero and are not, as "name 3"; empty when all is well.</summary>
    internal static IEnumerable<string> Errors(NetworkNamespace net)
    {
        using JsonDocument all = JsonDocument.Parse(net.Run("nstat", "-a", "-s", "-z", "-j").Output);
        JsonElement counters = all.RootElement.GetProperty("kernel");
        foreach (string name in MustStayZero)
        {
            if (counters.TryGetProperty(name, out JsonElement value) && value.GetInt64() != 0)
                yield return $"{name} {value.GetInt64()}";
        }
    }
}
