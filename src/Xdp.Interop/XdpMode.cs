namespace Xdp.Interop;

/// <summary>Where in the kernel's receive path the program runs.</summary>
public enum XdpMode
{
    /// <summary>In the driver, before an skb exists. On a veth it takes TSO away from the peer.</summary>
    Native,

    /// <summary>On the finished skb: any device, and a veth's peer keeps TSO, so that 64 kB frames arrive whole.</summary>
    Generic,
}
