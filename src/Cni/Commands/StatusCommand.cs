namespace Dataplane.Cni.Commands;

/// <summary>STATUS: whether an ADD would find what it needs.</summary>
internal static class StatusCommand
{
    /// <summary>Runs it.</summary>
    /// <exception cref="CniException">Code 50 or 51, with the reason.</exception>
    public static void Run(CniCall call)
    {
        Contracts.V1.Status status;
        try
        {
            status = call.Dataplane.GetStatus();
        }
        catch (CniException e)
        {
            // Without the process no packet of a pod passes.
            throw new CniException(DataplaneConnection.IsGone(e) ? CniErrorCode.LimitedConnectivity : CniErrorCode.NotAvailable, e.Message, e.Details, e);
        }
        if (!status.Ready) throw new CniException(CniErrorCode.NotAvailable, $"dataplane: not ready: {status.NotReadyReason}", "See `dpctl status`.");
        try
        {
            call.Ipam.Status();
        }
        catch (CniException e) when (e.Code is not (CniErrorCode.NotAvailable or CniErrorCode.LimitedConnectivity))
        {
            throw new CniException(CniErrorCode.NotAvailable, e.Message, e.Details, e);
        }
    }
}
