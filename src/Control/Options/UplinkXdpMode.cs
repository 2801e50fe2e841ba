namespace Dataplane.Control.Options;

/// <summary>Where the XDP program of the uplink runs.</summary>
public enum UplinkXdpMode
{
    /// <summary>Native where the driver offers it, else generic.</summary>
    Auto,

    /// <summary>In the driver; start-up fails where the driver has no XDP.</summary>
    Native,

    /// <summary>In the stack, after the kernel has made an skb.</summary>
    Generic,
}
