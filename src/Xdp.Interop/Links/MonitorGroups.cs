namespace Xdp.Interop.Links;

/// <summary>What a <see cref="NetlinkMonitor"/> listens to.</summary>
[Flags]
public enum MonitorGroups
{
    None = 0,
    Links = 1,
    Addresses = 2,
    Routes = 4,
    Neighbors = 8,
    All = Links | Addresses | Routes | Neighbors,
}
