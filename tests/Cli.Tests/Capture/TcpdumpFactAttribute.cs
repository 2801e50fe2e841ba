using Xunit;

namespace Dataplane.Cli.Tests.Capture;

/// <summary>A test that needs tcpdump, and says so where it is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class TcpdumpFactAttribute : FactAttribute
{
    public TcpdumpFactAttribute()
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        if (!folders.Append("/usr/sbin").Any(folder => File.Exists(Path.Combine(folder, "tcpdump"))))
            Skip = "needs tcpdump";
    }
}
