namespace Dataplane.Telemetry;

/// <summary>What is counted of one port, by the worker that owns it.</summary>
public sealed class PortCounters
{
    /// <summary>Packets and bytes taken from the port; a super-packet is one.</summary>
    public ulong RxPackets, RxBytes;

    /// <summary>Packets and bytes given to the kernel to send.</summary>
    public ulong TxPackets, TxBytes;

    /// <summary>Packets that the kernel refused or dropped on their way out, and calls that failed.</summary>
    public ulong TxErrors;

    /// <summary>Frames given to the kernel to receive into, and taken back with a packet.</summary>
    public ulong FramesFilled, FramesReceived;

    /// <summary>Frames given to the kernel to send, and taken back after.</summary>
    public ulong FramesSent, FramesCompleted;

    /// <summary>Frames that the kernel holds of this port.</summary>
    public ulong FramesInKernel => FramesFilled - FramesReceived + FramesSent - FramesCompleted;
}
