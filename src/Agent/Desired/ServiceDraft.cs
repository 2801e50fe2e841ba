using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Desired;

/// <summary>What a service looks like if it gets every frontend it asks for.</summary>
/// <param name="Messages">One per port, ordered by port name and protocol.</param>
/// <param name="Claims">The frontends of all messages, each once.</param>
/// <param name="Created">When the object was made: the older of two has a frontend that both ask for. Unknown counts as just now.</param>
/// <param name="Warnings">What in the object has no effect.</param>
internal sealed record ServiceDraft(V1.Service[] Messages, FrontendClaim[] Claims, DateTimeOffset Created, string[] Warnings)
{
    public static readonly ServiceDraft Empty = new([], [], DateTimeOffset.MaxValue, []);

    /// <summary>True when nothing changes for other services if the one draft takes the other's place.</summary>
    public bool AsksAs(ServiceDraft other) => Created == other.Created && Claims.AsSpan().SequenceEqual(other.Claims);

    /// <summary>The messages without some frontends.</summary>
    /// <param name="lost">Claims that another service won.</param>
    public V1.Service[] Without(List<FrontendClaim> lost)
    {
        if (lost.Count == 0)
            return Messages;
        var messages = Messages.Select(m => m.Clone()).ToArray();
        // From the last on: the indexes of those before stay right.
        for (var i = lost.Count - 1; i >= 0; i--)
        {
            if (lost[i].Message >= 0)
            {
                messages[lost[i].Message].Frontends.RemoveAt(lost[i].Frontend);
                continue;
            }
            foreach (var message in messages)
                message.HealthCheckPort = message.LocalEndpoints = 0;
        }
        return messages;
    }
}
