namespace Dataplane.Cni;

/// <summary>CNI_COMMAND.</summary>
internal enum CniCommand
{
    Add,
    Del,
    Check,
    Status,
    Gc,
    Version,
}
