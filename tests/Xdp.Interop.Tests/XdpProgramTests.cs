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

        bed.InNode(() => program.Detach(ifindex));
        Assert.Equal("", AttachedPrograms(bed));
        Assert.Null(program.AttachedBy(ifindex));
    }

    [RequiresRootTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void ProgramStaysWhenItsOwnerIsGoneAndASuccessorTakesItsPlace(bool shared)
    {
        using var bed = new PortBed(1);
        int ifindex = bed.IfindexOf(0);
        var first = XdpProgram.Load(XdpObjects.Uplink, XdpObjects.UplinkProgram);
        bed.InNode(() => first.Attach(ifindex, XdpMode.Generic, shared));
        first.Dispose();
        string before = AttachedPrograms(bed);
        Assert.NotEqual("", before);

        using var second = XdpProgram.Load(XdpObjects.Uplink, XdpObjects.UplinkProgram);
        bed.InNode(() => second.Attach(ifindex, XdpMode.Generic, shared));
        string after = AttachedPrograms(bed);
        Assert.NotEqual("", after);
        Assert.NotEqual(before, after); // another program id
    }

    [RequiresRootTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void ItIsSeenThatSomebodyHasTakenItOffAndItIsAttachedAnew(bool shared)
    {
        using var bed = new PortBed(1);
        int ifindex = bed.IfindexOf(0);
        using var program = XdpProgram.Load(XdpObjects.Uplink, XdpObjects.UplinkProgram);
        Assert.False(bed.InNode(() => program.IsOn(ifindex)));
        bed.InNode(() => program.Attach(ifindex, XdpMode.Generic, shared));
        Assert.True(bed.InNode(() => program.IsOn(ifindex)));

        bed.Node.Ip("link set v0 xdpgeneric off");
        Assert.Equal("", AttachedPrograms(bed));
        Assert.False(bed.InNode(() => program.IsOn(ifindex)));

        program.Forget(ifindex);
        bed.InNode(() => program.Attach(ifindex, XdpMode.Generic, shared));
        Assert.True(bed.InNode(() => program.IsOn(ifindex)));
        Assert.NotEqual("", AttachedPrograms(bed));
        bed.InNode(() => program.Detach(ifindex));
        Assert.Equal("", AttachedPrograms(bed));
    }

    [RequiresRootFact]
    public void SuccessorMayChangeTheMode()
    {
        using var bed = new PortBed(1);
        int ifindex = bed.IfindexOf(0);
        foreach (var mode in new[] { XdpMode.Generic, XdpMode.Native, XdpMode.Native, XdpMode.Generic })
        {
            using var program = XdpProgram.Load(XdpObjects.Pod, XdpObjects.PodProgram);
            bed.InNode(() => program.Attach(ifindex, mode));
            string link = bed.Node.Run("ip", "-d", "link", "show", "v0").Output;
            Assert.Contains(mode == XdpMode.Generic ? " xdpgeneric " : " xdp ", link, StringComparison.Ordinal);
        }
    }

    [RequiresRootTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void SomeoneElsesProgramIsNeitherReplacedNorRemoved(bool shared)
    {
        using var bed = new PortBed(1);
        int ifindex = bed.IfindexOf(0);
        using var theirs = XdpProgram.Load(XdpObjects.Host, XdpObjects.HostProgram);
        bed.InNode(() => theirs.Attach(ifindex, XdpMode.Generic));
        using var ours = XdpProgram.Load(XdpObjects.Uplink, XdpObjects.UplinkProgram);
        var failure = Assert.Throws<XdpException>(() => bed.InNode(() => ours.Attach(ifindex, XdpMode.Generic, shared)));
        Assert.Equal(Errno.EBUSY, failure.Errno);
        Assert.Contains(XdpObjects.HostProgram, failure.Message, StringComparison.Ordinal);
        bed.InNode(() => XdpProgram.DetachLeftover(ifindex, XdpObjects.UplinkProgram));
        Assert.Contains(XdpObjects.HostProgram, AttachedPrograms(bed), StringComparison.Ordinal);
        bed.InNode(() => XdpProgram.DetachLeftover(ifindex, XdpObjects.HostProgram));
        Assert.Equal("", AttachedPrograms(bed));
    }

    [RequiresRootFact]
    public void OneProgramServesManyDevices()
    {
        using var bed = new PortBed(2);
        foreach (int pod in new[] { 0, 1 })
        {
            int ifindex = bed.IfindexOf(pod);
            Assert.Equal(XdpAttachment.SingleProgram, bed.InNode(() => bed.Program.Attach(ifindex, XdpMode.Generic)));
        }
        Assert.Equal(AttachedPrograms(bed), AttachedPrograms(bed, "v1"));
    }

    [RequiresRootFact]
    public void MissingDeviceIsATypedErrorAndDetachForgivesIt()
    {
        using var bed = new PortBed(1);
        int ifindex = bed.IfindexOf(0);
        Assert.Equal(Errno.ENODEV, Assert.Throws<XdpException>(() => bed.InNode(() => bed.Program.Attach(9999, XdpMode.Generic))).Errno);
        bed.InNode(() => bed.Program.Attach(ifindex, XdpMode.Generic));
        bed.Node.Ip("link delete v0");
        bed.InNode(() => bed.Program.Detach(ifindex));
        Assert.Null(bed.Program.AttachedBy(ifindex));
    }

    [RequiresRootFact]
    public void BytesThatAreNoObjectAndNamesThatAreNotInItAreRefused()
    {
        Assert.Contains("bpf_object__open_mem", Assert.Throws<XdpException>(() => XdpProgram.Load("not an ELF"u8, "x")).Message, StringComparison.Ordinal);
        Assert.Equal(Errno.ENOENT, Assert.Throws<XdpException>(() => XdpProgram.Load(XdpObjects.Pod, "dp_nothing")).Errno);
        using var program = XdpProgram.Load(XdpObjects.Pod, XdpObjects.PodProgram);
        Assert.Contains("xsks", Assert.Throws<KeyNotFoundException>(() => program.Map("nothing")).Message, StringComparison.Ordinal);
    }

    [RequiresRootFact]
    public void VerifiersLastWordsAreInTheMessage()
    {
        // The name lookup of the config map is turned into a call of helper 9999, which the verifier must refuse.
        byte[] elf = XdpObjects.Pod;
        ReadOnlySpan<byte> call = [0x85, 0, 0, 0, 1, 0, 0, 0]; // call bpf_map_lookup_elem
        int at = elf.AsSpan().IndexOf(call);
        Assert.True(at > 0);
        BitConverter.TryWriteBytes(elf.AsSpan(at + 4), 9999);
        var failure = Assert.Throws<XdpException>(() => XdpProgram.Load(elf, XdpObjects.PodProgram));
        Assert.Contains("the verifier says", failure.Message, StringComparison.Ordinal);
        Assert.Contains("9999", failure.Message, StringComparison.Ordinal);
    }

    [RequiresRootFact]
    public void MapsAreReadWrittenAndListed()
    {
        using var program = XdpProgram.Load(XdpObjects.Uplink, XdpObjects.UplinkProgram);
        var ports = program.Map("ports");
        Assert.Equal((4, 4), (ports.KeySize, ports.ValueSize));
        ports.Update(5u, 50u);
        ports.Update(6u, 60u);
        ports.Update(5u, 51u);
        Assert.True(ports.TryLookup(5u, out uint slot));
        Assert.Equal(51u, slot);
        Assert.False(ports.TryLookup(7u, out slot));
        Assert.Equal([5u, 6u], ports.Keys<uint>().Order());
        Assert.True(ports.Delete(5u));
        Assert.False(ports.Delete(5u));
        Assert.Equal(0ul, program.Map("counters").SumPerCpu(0u));

        Assert.Throws<ArgumentException>(() => ports.Update(5ul, 1u));
        Assert.Throws<ArgumentException>(() => ports.TryLookup(5u, out ulong _));
        var failure = Assert.Throws<XdpException>(() => program.Map("config").Update(1u, default(Config)));
        Assert.Equal(Errno.E2BIG, failure.Errno);
        Assert.Contains("map config", failure.Message, StringComparison.Ordinal);
        program.Dispose();
        Assert.Throws<ObjectDisposedException>(() => ports.Delete(6u));
    }

    /// <summary>What the kernel says is attached to a device of the node: "prog/xdp id 12 name dp_pod ...".</summary>
    private static string AttachedPrograms(PortBed bed, string device = "v0")
    {
        string link = bed.Node.Run("ip", "-d", "link", "show", device).Output;
        int start = link.IndexOf("prog/xdp", StringComparison.Ordinal);
        return start < 0 ? "" : link[start..];
    }

    private readonly record struct Config(uint A, uint B, uint C);
}
