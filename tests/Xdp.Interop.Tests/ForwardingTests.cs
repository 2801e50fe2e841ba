using System.Globalization;
using System.Text.Json;
using Dataplane.Testing;
using Xunit;
using Xunit.Abstractions;

namespace Xdp.Interop.Tests;

/// <summary>Real traffic between two pods whose only connection is two sockets over one UMEM.</summary>
public sealed class ForwardingTests(ITestOutputHelper output)
{
    [RequiresRootTheory]
    [InlineData(XdpMode.Generic)]
    [InlineData(XdpMode.Native)]
    public void PodsPingEachOtherThroughTwoSockets(XdpMode mode)
    {
        using var bed = new PortBed(2);
        var left = bed.OpenPort(0, mode);
        var right = bed.OpenPort(1, mode);
        using (var forwarder = new Forwarder(bed, left, right))
        {
            bed.Pods[0].Run("ping", "-c", "3", "-i", "0.05", "-W", "2", "-s", "9000", PortBed.AddressOf(1));
            Assert.Null(forwarder.Failure);
            Assert.True(forwarder.Packets >= 6);
        }
        Assert.True(bed.Program.Map("counters").SumPerCpu(0u) >= 6);
    }

    [RequiresRootFact]
    public void TcpSuperPacketsCrossWholeAndTheirChecksumsAreCompletedBelow()
    {
        using var bed = new PortBed(2);
        var left = bed.OpenPort(0);
        var right = bed.OpenPort(1);
        bed.Pods[0].Ip("route replace 10.9.0.0/24 dev eth0 mtu 1500 advmss 1460");
        bed.Pods[1].Ip("route replace 10.9.0.0/24 dev eth0 mtu 1500 advmss 1460");
        using var forwarder = new Forwarder(bed, left, right);
        using var server = bed.Pods[1].Start("iperf3", "-s", "-1", "--forceflush");
        server.WaitForOutput("listening", TimeSpan.FromSeconds(5));
        var result = bed.Pods[0].Run("iperf3", "-c", PortBed.AddressOf(1), "-t", "2", "-J");
        forwarder.Dispose();
        Assert.Null(forwarder.Failure);

        using var json = JsonDocument.Parse(result.Output);
        double gigabits = json.RootElement.GetProperty("end").GetProperty("sum_received").GetProperty("bits_per_second").GetDouble() / 1e9;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{gigabits:0.0} Gbit/s, {forwarder.Packets} packets, {(double)forwarder.Bytes / forwarder.Packets:0} bytes each, {forwarder.ChecksumRequests} checksum requests, {forwarder.Kicks} kicks"));
        foreach (var (error, count) in forwarder.KickResults)
            output.WriteLine($"kick {error}: {count}");
        Assert.True(forwarder.Bytes / forwarder.Packets > 10_000, "super-packets were cut");
        Assert.True(forwarder.ChecksumRequests > 0);
        Assert.True(gigabits > 1);
    }
}
