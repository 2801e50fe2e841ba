namespace Xdp.Interop;

/// <summary>The compiled XDP programs of xdp-progs/, embedded in this assembly; each is the input of <see cref="XdpProgram.Load"/>.</summary>
public static class XdpObjects
{
    /// <summary>Program name in <see cref="Pod"/>.</summary>
    public const string PodProgram = "dp_pod";

    /// <summary>Program name in <see cref="Uplink"/>.</summary>
    public const string UplinkProgram = "dp_uplink";

    /// <summary>Program name in <see cref="Host"/>.</summary>
    public const string HostProgram = "dp_host";

    /// <summary>Host end of a pod's veth: every frame to the socket, dropped without one. Maps: xsks, ports, counters.</summary>
    public static byte[] Pod => Read("pod.bpf.o");

    /// <summary>
    /// The node's NIC: only what is ours to the socket, the rest to the kernel. Maps: xsks, ports, counters, config, node_addresses, frontends, fragments,
    /// local_pods.
    /// </summary>
    public static byte[] Uplink => Read("uplink.bpf.o");

    /// <summary>Our end of the host port: every frame to the socket, dropped without one. Maps: xsks, ports, counters.</summary>
    public static byte[] Host => Read("host.bpf.o");

    private static byte[] Read(string name)
    {
        using var stream = typeof(XdpObjects).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not embedded: the assembly was built without xdp-progs/.");
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
