namespace Dataplane.Control.Apply;

/// <summary>What an address of the node is for on the uplink (enum address_flag of xdp-progs/uplink.bpf.c).</summary>
[Flags]
internal enum UplinkAddressUse : byte
{
    None = 0,
    /// <summary>Tunnels to this node end here.</summary>
    Vxlan = 1,
    /// <summary>Frontends of the address 0.0.0.0 are served here.</summary>
    NodePort = 2,
    /// <summary>Sources are translated to it.</summary>
    Nat = 4,
}
