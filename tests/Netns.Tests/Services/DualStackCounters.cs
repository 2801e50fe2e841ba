using System.Text.Json;
using Dataplane.Testing;

namespace Dataplane.Netns.Tests.Services;

/// <summary>What the kernel counted of IPv6 in a namespace since it was made, as `nstat` shows it.</summary>
internal static class DualStackCounters
{
    // Any of these means that somebody sent bytes that were wrong, not merely lost.
    private static readonly string[] MustStayZero = ["TcpInCsumErrors", "TcpInErrs", "Udp6InCsumErrors", "Icmp6InCsumErrors", "Ip6InHdrErrors", "Ip6InTruncatedPkts", "Ip6ReasmFails"];

    /// <summary>Counters that ought to be zero and are not, as "name 3"; empty when all is well.</summary>
    internal static IEnumerable<string> Errors(NetworkNamespace net)
    {
        using JsonDocument all = JsonDocument.Parse(net.Run("nstat", "-a", "-s", "-z", "-j").Output);
        JsonElement counters = all.RootElement.GetProperty("kernel");
        return [.. MustStayZero.Where(name => counters.GetProperty(name).GetInt64() != 0).Select(name => $"{net.Name}: {name} {counters.GetProperty(name).GetInt64()}")];
    }
}
