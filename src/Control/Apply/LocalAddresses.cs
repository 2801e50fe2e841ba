using System.Net;
using Dataplane.Control.Compile;
using Dataplane.Control.Options;
using Dataplane.Packets;

namespace Dataplane.Control.Apply;

/// <summary>This node's addresses of one family.</summary>
/// <param name="All">Of all interfaces.</param>
/// <param name="NodePorts">Those at which node ports are served (K9).</param>
internal sealed record LocalAddresses<TAddress>(IReadOnlyList<TAddress> All, IReadOnlyList<TAddress> NodePorts)
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    /// <summary>None are known.</summary>
    public static LocalAddresses<TAddress> None { get; } = new([], []);

    /// <summary>Those of the family among all.</summary>
    public static LocalAddresses<TAddress> Of(IReadOnlyList<IPAddress> addresses, DataplaneOptions options)
    {
        var own = addresses.Where(FieldParser.IsOf<TAddress>).ToList();
        return new(
            [.. own.Select(FieldParser.To<TAddress>)],
            [.. own.Where(a => options.NodePortAddresses.Contains(a, options.NodeIp)).Select(FieldParser.To<TAddress>)]);
    }
}
