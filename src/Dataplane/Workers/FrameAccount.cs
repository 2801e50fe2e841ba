namespace Dataplane.Workers;

/// <summary>
/// Where all frames are. Exact when read at rest; while packets fly, a frame may be seen twice or not at all.
/// </summary>
/// <param name="Total">Frames of the UMEM.</param>
/// <param name="Free">In pools.</param>
/// <param name="Fill">With the kernel, waiting in fill rings.</param>
/// <param name="Receive">With the kernel: taken from a fill ring, or in a receive ring.</param>
/// <param name="Transmit">With the kernel to be sent, or sent and not taken back.</param>
/// <param name="Held">Handed from one worker to another.</param>
public readonly record struct FrameAccount(long Total, long Free, long Fill, long Receive, long Transmit, long Held)
{
    /// <summary>True when no frame is missing and none is counted twice.</summary>
    public bool Closes => Free + Fill + Receive + Transmit + Held == Total;
}
