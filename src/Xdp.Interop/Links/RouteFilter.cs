namespace Xdp.Interop.Links;

/// <summary>Which routes <see cref="NetlinkRoutes.List"/> returns; null members match all.</summary>
public sealed record RouteFilter
{
    public uint? Table { get; init; }

    public RouteProtocol? Protocol { get; init; }

    /// <summary>Index of the output interface.</summary>
    public int? Interface { get; init; }

    internal bool Matches(Route route) =>
        (Table is null || route.Table == Table) && (Protocol is null || route.Protocol == Protocol) && (Interface is null || route.Interface == Interface);
}
