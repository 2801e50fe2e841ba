using Dataplane.Testing;
using Xunit;

namespace Xdp.Interop.Tests;

/// <summary>Counts the process's descriptors, so nothing else may run beside it.</summary>
[CollectionDefinition(nameof(DescriptorLeakTests), DisableParallelization = true)]
[Collection(nameof(DescriptorLeakTests))]
public sealed class DescriptorLeakTests
{
    [RequiresRootFact]
    public void ProgramsSocketsAndMemoryGiveTheirDescriptorsBack()
    {
        using var bed = new PortBed(1);
        int ifindex = bed.IfindexOf(0);
        Cycle(bed, ifindex); // libraries keep what they open once
        int before = Count();
        for (int i = 0; i < 10; i++)
            Cycle(bed, ifindex);
        Assert.Equal(before, Count());
    }

    [RequiresRootFact]
    public void FailuresGiveTheirDescriptorsBackToo()
    {
        using var bed = new PortBed(1);
        Fail(bed);
        int before = Count();
        for (int i = 0; i < 10; i++)
            Fail(bed);
        Assert.Equal(before, Count());
    }

    private static void Cycle(PortBed bed, int ifindex)
    {
        using var umem = Umem.Create(64);
        using var region = NativeMemoryRegion.Create(4096);
        using var set = new WaitSet();
        using var pod = XdpProgram.Load(XdpObjects.Pod, XdpObjects.PodProgram);
        using var uplink = XdpProgram.Load(XdpObjects.Uplink, XdpObjects.UplinkProgram);
        using var socket = bed.InNode(() =>
        {
            uplink.Attach(ifindex, XdpMode.Generic, shared: true);
            uplink.Detach(ifindex);
            pod.Attach(ifindex, XdpMode.Generic);
            return XskSocket.Open(umem, ifindex, 0, new XskSocketOptions());
        });
        pod.Map("xsks").Update(0u, socket.Fd);
        bed.InNode(() => pod.Detach(ifindex));
        KernelFeatures.Probe();
    }

    private static void Fail(PortBed bed)
    {
        Assert.Throws<XdpException>(() => XdpProgram.Load("no"u8, "x"));
        Assert.Throws<XdpException>(() => XdpProgram.Load(XdpObjects.Pod, "no"));
        Assert.Throws<XdpException>(() => bed.InNode(() => XskSocket.Open(bed.Umem, 9999, 0, new XskSocketOptions())));
        Assert.Throws<XdpException>(() => NativeMemoryRegion.Create(1L << 60));
    }

    private static int Count()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Directory.GetFileSystemEntries("/proc/self/fd").Length;
    }
}
