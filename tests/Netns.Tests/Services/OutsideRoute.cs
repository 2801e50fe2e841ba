using Dataplane.Testing;

namespace Dataplane.Netns.Tests.Services;

/// <summary>A route by which hosts outside of the cluster reach a prefix through one of its nodes, until it is disposed.</summary>
public sealed class OutsideRoute : IDisposable
{
    private readonly NetworkNamespace[] _hosts;
    private readonly string _route;

    internal OutsideRoute(string route, params NetworkNamespace[] hosts)
    {
        (_route, _hosts) = (route, hosts);
        foreach (NetworkNamespace host in hosts)
            host.AddRoute(route);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (NetworkNamespace host in _hosts)
            host.Ip("route del " + _route);
    }
}
