namespace Xdp.Interop.Links;

/// <summary>Well-known routing tables (linux/rtnetlink.h RT_TABLE_*).</summary>
public static class RouteTableId
{
    public const uint Default = 253;
    public const uint Main = 254;
    public const uint Local = 255;
}
