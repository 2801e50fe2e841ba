namespace Dataplane.Agent.Desired;

/// <summary>Namespace and name of a service of the state; the host ports of a pod are the service "pod/NAME".</summary>
internal readonly record struct ServiceKey(string Namespace, string Name) : IComparable<ServiceKey>
{
    private const string PodPrefix = "pod/";

    public static ServiceKey OfPod(string ns, string pod) => new(ns, PodPrefix + pod);

    public int CompareTo(ServiceKey other)
    {
        var order = string.CompareOrdinal(Namespace, other.Namespace);
        return order != 0 ? order : string.CompareOrdinal(Name, other.Name);
    }

    /// <summary>"Service default/web", "Pod default/web-0".</summary>
    public override string ToString() =>
        Name.StartsWith(PodPrefix, StringComparison.Ordinal) ? $"Pod {Namespace}/{Name[PodPrefix.Length..]}" : $"Service {Namespace}/{Name}";
}
