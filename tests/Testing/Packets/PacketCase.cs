using Dataplane.Packets;

namespace Dataplane.Testing.Packets;

/// <summary>A packet by name, with what must have gone before it. Tests and benches share them.</summary>
/// <param name="Name">What it is, for people.</param>
/// <param name="Origin">From which side it comes.</param>
/// <param name="Port">By which port.</param>
/// <param name="Frame">Its bytes.</param>
/// <param name="Expected">How it ends.</param>
public sealed record PacketCase(string Name, PacketOrigin Origin, ushort Port, byte[] Frame, VerdictKind Expected)
{
    /// <summary>Packets that come first, so that its flow is there.</summary>
    public IReadOnlyList<PacketCase> Before { get; init; } = [];

    /// <summary>Where its source port stands, when each repetition is to be a flow of its own; otherwise 0.</summary>
    public int VaryAt { get; init; }

    /// <summary>Sends what comes first.</summary>
    public void Prepare<TAddress>(PathHarnessOf<TAddress> path)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        foreach (var packet in Before) path.Run(packet.Frame, packet.Origin, packet.Port);
        path.Begin();
    }

    /// <summary>Sends it; <paramref name="repetition"/> tells it from others of its kind where it opens a flow. Allocates nothing.</summary>
    public Verdict Run<TAddress>(PathHarnessOf<TAddress> path, int repetition)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        if (VaryAt != 0) (Frame[VaryAt], Frame[VaryAt + 1]) = ((byte)(repetition >> 8), (byte)repetition);
        return path.Run(Frame, Origin, Port);
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
