namespace Dataplane.Bench.EndToEnd.Measure;

/// <summary>What the figures were measured on.</summary>
public sealed record MachineFacts(string Kernel, string Cpu, int Cores, double MemoryGb, string Hypervisor, string Runtime, string Mitigations, double LoadAtStart)
{
    /// <summary>Reads them from /proc and /sys.</summary>
    public static MachineFacts Read()
    {
        var cpuInfo = File.ReadAllLines("/proc/cpuinfo");
        string Value(string key) => cpuInfo.FirstOrDefault(l => l.StartsWith(key, StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown";
        return new MachineFacts(
            File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
            Value("model name"),
            cpuInfo.Count(l => l.StartsWith("processor", StringComparison.Ordinal)),
            Math.Round(double.Parse(File.ReadLines("/proc/meminfo").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture) / 1e6, 1),
            Value("flags").Contains("hypervisor", StringComparison.Ordinal) ? "virtual machine" : "none",
            System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription,
            string.Join("; ", Directory.EnumerateFiles("/sys/devices/system/cpu/vulnerabilities")
                .Select(f => (Name: Path.GetFileName(f), Text: File.ReadAllText(f).Trim()))
                .Where(v => v.Text.StartsWith("Mitigation", StringComparison.Ordinal)).Select(v => v.Name)),
            double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture));
    }
}
