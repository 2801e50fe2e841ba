using Dataplane.Agent.Model;
using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Desired;

/// <summary>Model values in the words of the contract.</summary>
internal static class Wire
{
    public static V1.Protocol Of(Protocol protocol) => protocol switch
    {
        Protocol.Tcp => V1.Protocol.Tcp,
        Protocol.Udp => V1.Protocol.Udp,
        _ => V1.Protocol.Sctp,
    };
}
