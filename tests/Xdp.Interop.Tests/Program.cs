using System.Globalization;
using Xdp.Interop.Links;

namespace Xdp.Interop.Tests;

/// <summary>
/// What <see cref="DescriptorLeakTests"/> starts as a process: nothing else opens or closes descriptors there, so they can be counted. Prints
/// the descriptors that are open after the first round, and those after the last.
/// </summary>
internal static class Program
{
    private const int Rounds = 10;

    private static int Main(string[] arguments)
    {
        switch (arguments)
        {
            case ["cycle"]:
                Count(Cycle);
                return 0;
            case ["fail"]:
                Count(Fail);
                return 0;
            case ["leak"]:
                Count(_ => File.OpenHandle("/dev/null"));
                return 0;
            default:
                Console.Error.WriteLine("run the tests with `dotnet test`");
                return 2;
        }
    }

    private static void Count(Action<int> round)
    {
        using var node = NetworkNamespace.CreateAnonymous();
        node.Run(() =>
        {
            using var netlink = NetlinkSocket.Open();
            int ifindex = netlink.Links.CreateVeth(new VethSpec { Name = "v0", PeerName = "v1" }).Index;
            netlink.Links.SetUp(ifindex);
            // Libraries, and the runtime for counting, keep what they open once.
            round(ifindex);
            OpenDescriptors();
            string before = OpenDescriptors();
            for (int i = 0; i < Rounds; i++)
                round(ifindex);
            string after = OpenDescriptors();
            Console.WriteLine(before);
            Console.WriteLine(after);
        });
    }

    // By target, not by number: "socket:[81]" is another socket after each round, so only its kind counts.
    private static string OpenDescriptors()
    {
        var kinds = Directory.GetFileSystemEntries("/proc/self/fd").Select(path => new FileInfo(path).LinkTarget).OfType<string>()
            .Where(target => !target.EndsWith(".dll", StringComparison.Ordinal)) // the runtime loads assemblies when it likes
            .Select(target => target.Split(":[")[0]);
        return string.Join(' ', kinds.GroupBy(kind => kind).OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => string.Create(CultureInfo.InvariantCulture, $"{group.Key}={group.Count()}")));
    }

    private static void Cycle(int ifindex)
    {
        using var umem = Umem.Create(64);
        using var region = NativeMemoryRegion.Create(4096);
        using var set = new WaitSet();
        using var pod = XdpProgram.Load(XdpObjects.Pod, XdpObjects.PodProgram);
        using var uplink = XdpProgram.Load(XdpObjects.Uplink, XdpObjects.UplinkProgram);
        uplink.Attach(ifindex, XdpMode.Generic, shared: true);
        uplink.Detach(ifindex);
        pod.Attach(ifindex, XdpMode.Generic);
        using var socket = XskSocket.Open(umem, ifindex, 0, new XskSocketOptions());
        pod.Map("xsks").Update(0u, socket.Fd);
        pod.Detach(ifindex);
        KernelFeatures.Probe();
    }

    private static void Fail(int ifindex)
    {
        Refused(() => XdpProgram.Load("no"u8, "x"));
        Refused(() => XdpProgram.Load(XdpObjects.Pod, "no"));
        Refused(() => NativeMemoryRegion.Create(1L << 60));
        using var umem = Umem.Create(64);
        Refused(() => XskSocket.Open(umem, 9999, 0, new XskSocketOptions()));
        using var first = XskSocket.Open(umem, ifindex, 0, new XskSocketOptions());
        Refused(() => XskSocket.Open(umem, ifindex, 0, new XskSocketOptions { BindTimeout = TimeSpan.Zero }));
    }

    private static void Refused(Func<IDisposable> action)
    {
        try
        {
            action().Dispose();
        }
        catch (XdpException)
        {
            return;
        }
        throw new InvalidOperationException("what must fail succeeded");
    }
}
