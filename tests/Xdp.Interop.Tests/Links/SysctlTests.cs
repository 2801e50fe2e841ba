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
