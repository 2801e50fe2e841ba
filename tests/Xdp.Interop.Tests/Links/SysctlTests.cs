using Dataplane.Testing;
using Xdp.Interop.Links;
using Xunit;

namespace Xdp.Interop.Tests.Links;

public class SysctlTests
{
    [Fact]
    public void AMissingKeyReadsAsNull() => Assert.Null(Sysctl.Read("ipv4/no_such_key"));

    [Theory]
    [InlineData("../kernel/hostname")]
    [InlineData("/etc/hostname")]
    public void AKeyCannotLeaveTheTree(string key) => Assert.Throws<ArgumentException>(() => Sysctl.Read(key));

    [RequiresRootFact]
    public void AWriteStaysInItsNamespace()
    {
        using var box = new Sandbox();
        Sysctl.Write("ipv4/conf/all/rp_filter", "2", box.Left);
        Sysctl.Write("ipv4/conf/all/rp_filter", "1", box.Right);
        Assert.Equal("2", Sysctl.Read("ipv4/conf/all/rp_filter", box.Left));
        Assert.Equal("1", Sysctl.Read("ipv4/conf/all/rp_filter", box.Right));
        Assert.Equal("2", Sandbox.Exec(box.Left, "sysctl -n net.ipv4.conf.all.rp_filter"));
    }

    [RequiresRootFact]
    public void EnsureChangesOnlyWhatDiffers()
    {
        using var box = new Sandbox();
        Sysctl.Write("ipv4/ip_forward", "0", box.Left);
        Assert.True(Sysctl.Ensure("ipv4/ip_forward", "1", box.Left));
        Assert.False(Sysctl.Ensure("ipv4/ip_forward", "1", box.Left));
        Assert.False(Sysctl.Ensure("ipv4/conf/no-such-link/rp_filter", "1", box.Left));
    }

    [RequiresRootFact]
    public void AListLongerThanAPageIsReadWhole()
    {
        using var box = new Sandbox();
        foreach (int count in (int[])[1, 170, 171, 3000]) // of 6 characters each, a comma included: 1020 and 1026 bytes with the line end are around the size of the first attempt
        {
            string ports = string.Join(',', Enumerable.Range(0, count).Select(i => 10_001 + 2 * i));
            Sysctl.Write("ipv4/ip_local_reserved_ports", ports, box.Left);
            Assert.Equal(ports, Sysctl.Read("ipv4/ip_local_reserved_ports", box.Left));
        }
    }

    [Fact]
    public void AShortValueTakesLittleMemory() =>
        Assert.InRange(Allocations.Least(() => Sysctl.Read("core/somaxconn")), 0, 8192);

    [RequiresRootFact]
    public void AnErrorNamesTheKeyAndTheValue()
    {
        using var box = new Sandbox();
        var missing = Assert.Throws<XdpException>(() => Sysctl.Write("ipv4/conf/eth9/rp_filter", "2", box.Left));
        Assert.Equal(Errno.ENOENT, missing.Errno);
        Assert.Contains("net/ipv4/conf/eth9/rp_filter = 2", missing.Message, StringComparison.Ordinal);
        var refused = Assert.Throws<XdpException>(() => Sysctl.Write("ipv4/conf/all/rp_filter", "many", box.Left));
        Assert.Equal(Errno.EINVAL, refused.Errno);
    }
}
