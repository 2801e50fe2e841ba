using Microsoft.Extensions.ObjectPool;

namespace Xdp.Interop.Links;

/// <summary>The pools that all netlink sockets share.</summary>
internal static class NetlinkBuffers
{
    // The kernel sizes dump datagrams by the reader's buffer, up to 32 kB; a single message of a link with many VFs can be larger.
    internal const int ReceiveSize = 65536;

    internal static readonly ObjectPool<byte[]> Receive = new DefaultObjectPool<byte[]>(new ReceivePolicy(), 8);

    internal static readonly ObjectPool<NetlinkRequest> Requests = new DefaultObjectPool<NetlinkRequest>(new DefaultPooledObjectPolicy<NetlinkRequest>(), 8);

    private sealed class ReceivePolicy : PooledObjectPolicy<byte[]>
    {
        public override byte[] Create() => GC.AllocateUninitializedArray<byte>(ReceiveSize);

        public override bool Return(byte[] obj) => true;
    }
}
