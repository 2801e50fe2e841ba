namespace Xdp.Interop;

/// <summary>
/// How a program hangs on its device. Both survive the death of the process; a bpf_link is not used, because it would not:
/// the kernel would take the program off, and a pod's frames would pass the node's stack unfiltered.
/// </summary>
public enum XdpAttachment
{
    /// <summary>The only XDP program of the device, attached through netlink.</summary>
    SingleProgram,

    /// <summary>One of several, called by libxdp's dispatcher.</summary>
    Dispatcher,
}
