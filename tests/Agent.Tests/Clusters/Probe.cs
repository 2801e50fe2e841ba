using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Tests.Clusters;

/// <summary>One cell of a truth table; pods are "namespace/name".</summary>
internal sealed record Probe(string Source, string Destination, V1.Protocol Protocol, int Port)
{
    public string SourceNamespace => Source[..Source.IndexOf('/', StringComparison.Ordinal)];

    public string DestinationNamespace => Destination[..Destination.IndexOf('/', StringComparison.Ordinal)];

    public string SourcePod => Source[(Source.IndexOf('/', StringComparison.Ordinal) + 1)..];

    public string DestinationPod => Destination[(Destination.IndexOf('/', StringComparison.Ordinal) + 1)..];

    public bool IsTcp(int port) => Protocol == V1.Protocol.Tcp && Port == port;

    public bool IsUdp(int port) => Protocol == V1.Protocol.Udp && Port == port;
}
