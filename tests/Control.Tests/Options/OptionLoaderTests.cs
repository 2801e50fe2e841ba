using System.Net;
using Dataplane.Control.Options;
using Xunit;

namespace Dataplane.Control.Tests.Options;

public sealed class OptionLoaderTests : IDisposable
{
    private static readonly string[] Required = ["--node-ip", "192.168.77.1", "--pod-cidr", "10.244.1.0/24", "--uplink", "none"];

    private readonly string _directory = Directory.CreateTempSubdirectory("dp-options-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void DefaultsFillWhatIsNotGiven()
    {
        var options = OptionLoader.Load(Required);
        Assert.Equal(IPNetwork.Parse("10.244.0.0/16"), options.ClusterCidr.IPv4);
        Assert.Equal(IPNetwork.Parse("10.96.0.0/12"), options.ServiceCidr.IPv4);
        Assert.Equal((1u, (ushort)4789), (options.Vni, options.VxlanPort));
        Assert.Equal("/run/dataplane/control.sock", options.ControlSocketPath);
        Assert.Equal(IPEndPoint.Parse("0.0.0.0:9962"), options.MetricsListen);
        Assert.Equal((32768, 262144), (options.UmemFrames, options.ConntrackEntries));
        Assert.Equal(IPAddress.Parse("10.244.1.1"), options.HostPortAddress.IPv4);
        Assert.Null(options.Uplink);
    }

    [Fact]
    public void FlagWinsOverFileAndFileOverDefaultAndTheSourceIsTold()
    {
        string file = Write("vni: 5\nvxlan-port: 8472\n");
        var options = OptionLoader.Load([.. Required, "--config", file, "--vni=7"]);
        Assert.Equal((7u, (ushort)8472), (options.Vni, options.VxlanPort));
        var config = options.ToConfig().Options.ToDictionary(option => option.Key, option => (option.Value, option.Source));
        Assert.Equal(("7", "flag"), config["vni"]);
        Assert.Equal(("8472", "file"), config["vxlan-port"]);
        Assert.Equal(("10.96.0.0/12", "default"), config["service-cidr"]);
        Assert.Equal(OptionTable.All.Select(option => option.Key), options.ToConfig().Options.Select(option => option.Key));
    }

    [Theory]
    [InlineData("# of node a\nnode-ip: 192.168.77.1\npod-cidr: \"10.244.1.0/24\"   # ours\nuplink: none\nworkers: 2\nmetrics-listen: off\n")]
    [InlineData("{ \"node-ip\": \"192.168.77.1\", \"pod-cidr\": \"10.244.1.0\\/24\",\n\t\"uplink\": \"none\", \"workers\": 2, \"metrics-listen\": \"off\" }")]
    public void FileIsYamlOrJson(string text)
    {
        var options = OptionLoader.Load(["--config", Write(text)]);
        Assert.Equal(2, options.Workers);
        Assert.Null(options.MetricsListen);
        Assert.Equal(IPNetwork.Parse("10.244.1.0/24"), options.PodCidr.IPv4);
    }

    [Theory]
    [InlineData("- vni\n", "write one 'key: value' per line")]
    [InlineData("vni:\n  - 1\n", "line 1: vni: write a plain value, not a list or a mapping")]
    [InlineData("{ \"vni\": [1] }", "vni: a Array is no value; write a string or a number")]
    [InlineData("vni: 1\n---\nvni: 2\n", "write one document only")]
    [InlineData("vni: 1\nvni: 2\n", "vni: given twice; keep one")]
    [InlineData("podCidr: 10.244.1.0/24\n", "podCidr: no such option; did you mean pod-cidr?")]
    [InlineData("vni: 1\nvxlan-port: \"8472\n", "dataplane.conf: line 2, column 13: ")]
    [InlineData("vni: 1\npod-mtu: @1400\n", "dataplane.conf: line 2, column 10: ")]
    [InlineData("vni: many\n", "config file: vni 'many': write a number from 0 to 16777215")]
    public void FaultyFileIsRefused(string text, string expected) => AssertFault(expected, [.. Required, "--config", Write(text)]);

    [Fact]
    public void MissingFileIsRefused() => AssertFault("--config /nonexistent/x.yaml: Could not find", [.. Required, "--config", "/nonexistent/x.yaml"]);

    [Theory]
    [InlineData("--vin 1", "--vin: no such option; did you mean vni?")]
    [InlineData("--pod_cidr 10.244.1.0/24", "--pod_cidr: no such option; did you mean pod-cidr?")]
    [InlineData("--frobnicate 1", "--frobnicate: no such option; 'dataplane run --help' lists them")]
    [InlineData("start", "'start': not an option; write --key value")]
    [InlineData("--vni", "--vni: no value; write --vni VALUE")]
    [InlineData("--vni 1 --vni 2", "--vni: given twice; keep one")]
    [InlineData("--vni -1", "--vni '-1': write a number from 0 to 16777215")]
    [InlineData("--vxlan-port 70000", "--vxlan-port '70000': write a port from 1 to 65535")]
    [InlineData("--routing ipip", "--routing 'ipip': write one of vxlan, native, auto")] // S7
    [InlineData("--cluster-cidr 10.244.0.7/16", "--cluster-cidr '10.244.0.7/16': host bits are set; write 10.244.0.0/16")]
    [InlineData("--service-cidr 10.96.0.0", "--service-cidr '10.96.0.0': write address/length, for example 10.244.1.0/24")]
    [InlineData("--service-cidr fd00::/108", "--service-cidr 'fd00::/108': write an IPv4 prefix, too: clusters of IPv6 alone are not supported")]
    [InlineData("--service-cidr 10.96.0.0/12,10.112.0.0/12", "--service-cidr '10.96.0.0/12,10.112.0.0/12': write one of each family, with a comma between them")]
    [InlineData("--service-cidr 10.96.0.0/12,fd00::1/108", "--service-cidr '10.96.0.0/12,fd00::1/108': host bits are set; write fd00::/108")]
    [InlineData("--service-cidr 10.96.0.0/12,fd00::/108", "node-ip '192.168.77.1', pod-cidr '10.244.1.0/24', cluster-cidr '10.244.0.0/16', service-cidr '10.96.0.0/12,fd00::/108': only some have IPv6; in a dual-stack cluster all four do, else none")]
    [InlineData("--cluster-cidr fe80::1%eth0/64", "--cluster-cidr 'fe80::1%eth0/64': write an IP address, for example 192.168.1.10 or fd00::10")]
    [InlineData("--fill-ring-size 1000", "--fill-ring-size '1000': write a power of two, for example 1024")]
    [InlineData("--workers 0", "--workers '0': write auto, or a number from 1 to 64")]
    [InlineData("--workers 2 --worker-cpus 0", "workers '2': worker-cpus names 1 CPU(s); name one for each worker, or lower workers")]
    [InlineData("--worker-cpus 3-1", "--worker-cpus '3-1': write any, or a list of CPUs such as 0,2-3")]
    [InlineData("--worker-cpus 1,0-2", "--worker-cpus '1,0-2': CPU 1 is listed twice")]
    [InlineData("--control /run/x.sock", "--control '/run/x.sock': '/run/x.sock' is not a control address; write unix:///absolute/path")]
    [InlineData("--metrics-listen 9962", "--metrics-listen '9962': write address:port")]
    [InlineData("--state-dir run", "--state-dir 'run': write an absolute path")]
    [InlineData("--log-level loud", "--log-level 'loud': write one of debug, info, warning, error")]
    [InlineData("--uplink-xdp-mode fast", "--uplink-xdp-mode 'fast': write one of auto, native, generic")]
    [InlineData("--host-port averylongname1", "--host-port 'averylongname1': write the name of a network interface, at most 13 characters")]
    [InlineData("--node-name Node_A", "--node-name 'Node_A': write the name of the Node object")]
    [InlineData("--cluster-cidr 10.200.0.0/16", "pod-cidr '10.244.1.0/24': not inside cluster-cidr '10.200.0.0/16'")]
    [InlineData("--service-cidr 10.244.128.0/17", "service-cidr '10.244.128.0/17': overlaps cluster-cidr '10.244.0.0/16'")]
    [InlineData("--service-cidr 192.168.0.0/16", "node-ip '192.168.77.1': inside service-cidr '192.168.0.0/16'")]
    [InlineData("--umem-frames 2048 --fill-ring-size 2048", "umem-frames '2048': less than two fill rings of 2048")]
    public void FaultNamesKeyValueAndRemedy(string flags, string expected) => AssertFault(expected, [.. Required, .. flags.Split(' ')]);

    [Theory]
    [InlineData("--pod-mtu 1279", "pod-mtu '1279': IPv6 needs 1280 at least (RFC 8200); raise it, or leave the IPv6 prefixes out")]
    [InlineData("--pod-mtu 1000", "pod-mtu '1000': IPv6 needs 1280 at least")]
    public void K27_FaultsOfDualStackClusters(string flags, string expected) => AssertFault(
        expected,
        [
            "--node-name", "node-1", "--node-ip", "192.168.77.1,fd00:77::1", "--pod-cidr", "10.244.1.0/24,fd00:10:244:1::/64", "--uplink", "none",
            "--cluster-cidr", "10.244.0.0/16,fd00:10:244::/48", "--service-cidr", "10.96.0.0/12,fd00:10:96::/112", .. flags.Split(' '),
        ]);

    [Fact]
    public void RequiredOptionsAreAskedFor()
    {
        var exception = Assert.Throws<OptionException>(() => OptionLoader.Load([]));
        Assert.Equal(2, exception.Faults.Count);
        Assert.StartsWith("node-ip: not set; give --node-ip (for example 192.168.1.10) or put it in the file of --config.", exception.Faults[0], StringComparison.Ordinal);
        Assert.StartsWith("pod-cidr: not set;", exception.Faults[1], StringComparison.Ordinal);
    }

    [Fact]
    public void AutomaticUplinkIsTheInterfaceWithTheNodeAddress() =>
        Assert.Equal("lo", OptionLoader.Load(["--node-ip", "127.0.0.1", "--pod-cidr", "10.244.1.0/24"]).Uplink);

    [Theory]
    [InlineData("--host-port", "host-port 'lo': is the uplink; choose another name")]
    [InlineData("--external-interfaces", "external-interfaces 'lo': is named twice, or is the uplink or the host port; leave it out")]
    public void RulesAboutTheUplinkHoldForAnAutomaticOne(string key, string expected) =>
        AssertFault(expected, ["--node-ip", "127.0.0.1", "--pod-cidr", "10.244.1.0/24", key, "lo"]);

    [Fact]
    public void AutomaticUplinkThatIsNotFoundIsRefused() => AssertFault(
        "uplink 'auto': no interface has node-ip 203.0.113.9; give --uplink NAME", ["--node-ip", "203.0.113.9", "--pod-cidr", "10.244.1.0/24"]);

    [Fact]
    public void WorkerCpusAreListedInOrder() =>
        Assert.Equal([4, 0, 1, 2], OptionLoader.Load([.. Required, "--worker-cpus", "4,0-2"]).WorkerCpus);

    private static void AssertFault(string expected, string[] arguments)
    {
        var exception = Assert.Throws<OptionException>(() => OptionLoader.Load(arguments));
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    private string Write(string text)
    {
        string path = Path.Combine(_directory, "dataplane.conf");
        File.WriteAllText(path, text);
        return path;
    }
}
