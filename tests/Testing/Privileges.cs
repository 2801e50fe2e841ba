using System.Globalization;

namespace Dataplane.Testing;

/// <summary>What the current process may do, read once from /proc/self/status.</summary>
public static class Privileges
{
    private const int CapNetAdmin = 12; // include/uapi/linux/capability.h
    private const int CapSysAdmin = 21;

    /// <summary>Why tests that make network namespaces cannot run here; null when they can.</summary>
    public static string? MissingForNetworkNamespaces { get; } = FindMissing();

    private static string? FindMissing()
    {
        if (!OperatingSystem.IsLinux())
            return "needs Linux";
        ulong effective = EffectiveCapabilities();
        if ((effective & (1UL << CapNetAdmin)) == 0)
            return "needs CAP_NET_ADMIN (run as root)";
        if ((effective & (1UL << CapSysAdmin)) == 0)
            return "needs CAP_SYS_ADMIN to make network namespaces (run as root)";
        return null;
    }

    private static ulong EffectiveCapabilities()
    {
        foreach (string line in File.ReadLines("/proc/self/status"))
        {
            if (line.StartsWith("CapEff:", StringComparison.Ordinal))
                return ulong.Parse(line.AsSpan(7).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        }
        return 0;
    }
}
