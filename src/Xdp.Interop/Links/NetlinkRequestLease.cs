namespace Xdp.Interop.Links;

/// <summary>Borrows a request writer from the pool until the end of a using block.</summary>
internal readonly ref struct NetlinkRequestLease
{
    public NetlinkRequestLease() => Message = NetlinkBuffers.Requests.Get();

    internal NetlinkRequest Message { get; }

    public void Dispose() => NetlinkBuffers.Requests.Return(Message);
}
