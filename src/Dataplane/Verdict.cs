namespace Dataplane;

/// <summary>What a stage decided about a packet: go on, or an end. Four bytes, returned in a register.</summary>
public readonly struct Verdict
{
    private readonly uint _value; // kind << 24 | direction << 16 | port or reason

    private Verdict(uint value) => _value = value;

    /// <summary>The next stage decides.</summary>
    public static Verdict Continue => default;

    /// <summary>How it ended, or that it did not.</summary>
    public VerdictKind Kind => (VerdictKind)(_value >> 24);

    /// <summary>True unless the next stage decides.</summary>
    public bool IsFinal => _value != 0;

    /// <summary>Output port of <see cref="VerdictKind.Forward"/>.</summary>
    public ushort Port => (ushort)_value;

    /// <summary>Why the packet died, for <see cref="VerdictKind.Drop"/>.</summary>
    public DropReason Reason => (DropReason)(ushort)_value;

    /// <summary>True when the packet died for this reason.</summary>
    public bool IsDrop(DropReason reason) => Kind == VerdictKind.Drop && Reason == reason;

    /// <summary>Seen from the pod: which of its directions the packet died in.</summary>
    public TrafficDirection Direction => (TrafficDirection)(byte)(_value >> 16);

    /// <summary>Send the packet, as it stands in its frame, out of a port.</summary>
    public static Verdict Forward(ushort port) => new((uint)VerdictKind.Forward << 24 | port);

    /// <summary>Send the packet, which has become an answer to its sender, out of a port; the reason is counted as a rejection.</summary>
    public static Verdict Reply(ushort port) => new((uint)VerdictKind.Reply << 24 | port);

    /// <summary>Free the packet's frames and count the reason.</summary>
    public static Verdict Drop(DropReason reason, TrafficDirection direction = TrafficDirection.None) =>
        new((uint)VerdictKind.Drop << 24 | (uint)direction << 16 | (ushort)reason);

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        VerdictKind.Drop => $"Drop({Reason}, {Direction})",
        VerdictKind.Continue => nameof(Continue),
        _ => $"{Kind}({Port})",
    };
}
