using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Desired;

/// <summary>How many service ports have endpoints, but none on this node, where their policy asks for one.</summary>
/// <param name="Internal">By internalTrafficPolicy Local (K17).</param>
/// <param name="External">By externalTrafficPolicy Local (K14).</param>
public readonly record struct LocalGaps(int Internal, int External)
{
    /// <summary>Counts messages.</summary>
    public static LocalGaps Of(IReadOnlyList<V1.Service> messages)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var gaps = default(LocalGaps);
        foreach (var message in messages)
        {
            if (message.Backends.Count == 0 || !(message.InternalLocal || message.ExternalLocal) || HasLocal(message))
                continue;
            gaps += new LocalGaps(message.InternalLocal ? 1 : 0, message.ExternalLocal ? 1 : 0);
        }
        return gaps;
    }

    /// <summary>Both together.</summary>
    public static LocalGaps operator +(LocalGaps a, LocalGaps b) => new(a.Internal + b.Internal, a.External + b.External);

    /// <summary>The one without the other.</summary>
    public static LocalGaps operator -(LocalGaps a, LocalGaps b) => new(a.Internal - b.Internal, a.External - b.External);

    private static bool HasLocal(V1.Service message)
    {
        foreach (var backend in message.Backends)
        {
            if (backend.Use is V1.Backend.Types.Use.Local or V1.Backend.Types.Use.ClusterAndLocal)
                return true;
        }
        return false;
    }
}
