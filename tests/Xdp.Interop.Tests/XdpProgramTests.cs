using System.Runtime.InteropServices;
using Dataplane.Testing;
using Xunit;
using Xunit.Abstractions;

namespace Xdp.Interop.Tests;

public sealed class XdpProgramTests(ITestOutputHelper output)
{
    [RequiresRootFact]
    public void SharedAttachUsesTheDispatcherOrFallsBackToASingleProgram()
    {
        using var bed = new PortBed(1);
        int ifindex = bed.IfindexOf(0);
        using var program = XdpProgram.Load(XdpObjects.Uplink, XdpObjects.UplinkProgram);
        var how = bed.InNode(() => program.Attach(ifindex, XdpMode.Generic, shared: true));
        output.WriteLine($"attached by {how}");
        Assert.Equal(how, program.AttachedBy(ifindex));
        string attached = how == XdpAttachment.Dispatcher ? "xdp_dispatcher" : XdpObjects.UplinkProgram;
        Assert.Contains(attached, AttachedPrograms(bed), StringComparison.Ordinal);

        bed.InNode(() => Do(() => program.Detach(ifindex)));
        Assert.Equal("", AttachedPrograms(bed));
        Assert.Null(program.AttachedBy(ifindex));
    }

    private static bool Do(Action action)
    {
        action();
        return true;
    }

    /// <summary>What the kernel says is attached to the node's end of the first pod's link.</summary>
    private static string AttachedPrograms(PortBed bed)
    {
        string link = bed.Node.Run("ip", "-d", "link", "show", "v0").Output;
        int start = link.IndexOf("prog/xdp", StringComparison.Ordinal);
        return start < 0 ? "" : link[start..];
    }
}
