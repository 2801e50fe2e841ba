using System.Runtime.InteropServices;

namespace Dataplane.Telemetry;

/// <summary>Stands before each frame in a <see cref="CaptureRing"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 8)]
public struct CaptureHeader
{
    /// <summary>Bytes in the ring.</summary>
    public const int Size = 24;

    /// <summary>Unix time, nanoseconds.</summary>
    public long Time;

    /// <summary>Length on the wire, bytes.</summary>
    public int Length;

    /// <summary>Bytes that follow.</summary>
    public int Kept;

    public ushort Port;

    /// <summary>Why it was dropped; <see cref="DropReason.None"/> if it was not.</summary>
    public DropReason Reason;

    /// <summary>On its way out.</summary>
    public bool Outgoing;
}
