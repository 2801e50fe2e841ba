using Dataplane.Packets;

namespace Dataplane.Tables;

/// <summary>Local pods by address and by port.</summary>
public sealed class EndpointTable<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private readonly Endpoint<TAddress>[] _endpoints;
    private readonly AddressMap<TAddress> _byAddress;
    private readonly int[] _byPort;

    public EndpointTable(Endpoint<TAddress>[] endpoints)
    {
        _endpoints = endpoints;
        var pairs = new List<KeyValuePair<TAddress, int>>(endpoints.Length);
        int ports = 0;
        for (int i = 0; i < endpoints.Length; i++)
        {
            pairs.Add(new(endpoints[i].Address, i));
            ports = Math.Max(ports, endpoints[i].Port + 1);
        }
        _byAddress = new AddressMap<TAddress>(pairs);
        _byPort = new int[ports];
        Array.Fill(_byPort, -1);
        for (int i = 0; i < endpoints.Length; i++) _byPort[endpoints[i].Port] = i;
    }

    /// <summary>Endpoints in the table.</summary>
    public int Count => _endpoints.Length;

    /// <summary>The endpoint with a number from <see cref="Find"/> or <see cref="OfPort"/>.</summary>
    public ref readonly Endpoint<TAddress> this[int index] => ref _endpoints[index];

    /// <summary>Number of the endpoint with this address, or -1.</summary>
    public int Find(TAddress address) => _byAddress.Find(address);

    /// <summary>Number of the endpoint behind this port, or -1.</summary>
    public int OfPort(ushort port) => port < _byPort.Length ? _byPort[port] : -1;
}
