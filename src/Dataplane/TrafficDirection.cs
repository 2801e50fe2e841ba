namespace Dataplane;

/// <summary>Direction as NetworkPolicy means it: seen from the pod.</summary>
public enum TrafficDirection : byte
{
    /// <summary>No pod's direction, or not known yet.</summary>
    None = 0,

    /// <summary>Towards a pod of this node.</summary>
    Ingress = 1,

    /// <summary>From a pod of this node.</summary>
    Egress = 2,
}
