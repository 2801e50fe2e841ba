using Dataplane.Agent.Model;
using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Desired;

/// <summary>Which pod identities offer a port under a name.</summary>
internal sealed class NamedPortIndex
{
    private readonly Dictionary<(string Name, Protocol Protocol), List<(uint Identity, ushort Port)>> _offers = [];

    public NamedPortIndex(IdentityTable table)
    {
        foreach (var item in table.Classes)
        {
            if (item.Key.Kind != V1.Identity.Types.Kind.Pod)
                continue;
            foreach (var port in item.Key.NamedPorts.Ports)
            {
                var key = (port.Name, port.Protocol);
                if (!_offers.TryGetValue(key, out var list))
                    _offers.Add(key, list = []);
                list.Add((item.Id, port.Port));
            }
        }
    }

    /// <summary>Offers of the identities listed (ascending); identity 0 stands for every pod.</summary>
    public IEnumerable<(uint Identity, ushort Port)> Resolve(uint[] identities, string name, Protocol protocol)
    {
        if (!_offers.TryGetValue((name, protocol), out var offers))
            return [];
        return identities is [0]
            ? offers
            : offers.Where(o => Array.BinarySearch(identities, o.Identity) >= 0);
    }
}
