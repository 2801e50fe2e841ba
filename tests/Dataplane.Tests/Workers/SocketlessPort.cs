using System.Reflection;
using System.Runtime.CompilerServices;
using Dataplane.Workers;
using Xdp.Interop;

namespace Dataplane.Tests.Workers;

/// <summary>
/// A port whose socket was never opened: it says what the kernel would have granted, and has no rings. Good for whatever is decided
/// before a packet is queued, and for ports of another worker, whose packets go into a ring of ours. Needs no root.
/// </summary>
internal static class SocketlessPort
{
    public static Port Create(int worker, bool multiBuffer = true, bool txMetadata = true, PortKind kind = PortKind.Pod)
    {
        var socket = (XskSocket)RuntimeHelpers.GetUninitializedObject(typeof(XskSocket));
        Set(socket, nameof(XskSocket.MultiBuffer), multiBuffer);
        Set(socket, nameof(XskSocket.TxMetadata), txMetadata);
        var port = (Port)RuntimeHelpers.GetUninitializedObject(typeof(Port));
        Set(port, nameof(Port.Socket), socket);
        Set(port, nameof(Port.Kind), kind);
        port.Worker = worker;
        return port;
    }

    private static void Set(object target, string property, object value) =>
        target.GetType().GetField($"<{property}>k__BackingField", BindingFlags.Instance | BindingFlags.NonPublic)!.SetValue(target, value);
}
