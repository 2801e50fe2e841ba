using Dataplane.Agent.Model;
using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Desired;

/// <summary>Collects the frontends of one service, each key once: what was added first has it.</summary>
internal sealed class DraftFrontends
{
    private readonly List<FrontendClaim> _claims = [];
    private readonly HashSet<FrontendKey> _keys = [];

    /// <summary>What was added.</summary>
    public FrontendClaim[] Claims => [.. _claims];

    /// <summary>Adds a frontend to a message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="index">Its index among those of the service.</param>
    /// <param name="kind">Kind of the frontend.</param>
    /// <param name="key">Where it is.</param>
    /// <param name="field">Field of the object that asks for it.</param>
    public void Add(V1.Service message, int index, V1.Frontend.Types.Kind kind, FrontendKey key, string field)
    {
        if (!_keys.Add(key))
            return;
        _claims.Add(new FrontendClaim(key, field, kind == V1.Frontend.Types.Kind.ClusterIp, index, message.Frontends.Count));
        message.Frontends.Add(new V1.Frontend { Kind = kind, Address = key.Address?.ToString() ?? "", Port = key.Port });
    }

    /// <summary>Claims the port for health checks, which all messages carry; false when it is a node port of the service itself.</summary>
    public bool TryAddHealthCheck(ushort port)
    {
        var key = new FrontendKey(null, Protocol.Tcp, port);
        if (!_keys.Add(key))
            return false;
        _claims.Add(new FrontendClaim(key, "healthCheckNodePort", IsClusterIP: false, Message: -1, Frontend: 0));
        return true;
    }
}
