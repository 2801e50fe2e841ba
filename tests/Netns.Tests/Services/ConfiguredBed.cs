namespace Dataplane.Netns.Tests.Services;

/// <summary>The same bed with nodes whose options are not those by default; each has its own.</summary>
public sealed class ConfiguredBed() : ServiceBed(node => node.Options = node.Number == 1
    ? ["--node-port-addresses", "primary", "--masquerade-all", "true", "--conntrack-timeouts", "udp=1,udp-replied=2,tcp-handshake=2,tcp-established=2"]
    : ["--node-port-addresses", "192.168.88.0/24", "--node-port-range", "20000-20999", "--nat-ports", "40000-41023", "--masquerade", "false"])
{
    /// <summary>Name of the collection.</summary>
    public new const string Name = "services of nodes with other options";
}
