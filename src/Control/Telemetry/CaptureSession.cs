using System.Runtime.CompilerServices;
using Dataplane.Contracts.Grpc;
using Dataplane.Contracts.V1;
using Dataplane.Control.Apply;
using Dataplane.Telemetry;
using Google.Protobuf;

namespace Dataplane.Control.Telemetry;

/// <summary>Runs captures, one at a time: workers copy frames into rings that exist only while it runs.</summary>
public sealed class CaptureSession(NodeRuntime node)
{
    private const int RingBytes = 16 << 20;
    private const int DefaultSnapLength = 262144;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);
    private int _running;

    /// <summary>Frames until the client goes away or has as many as it asked for.</summary>
    public async IAsyncEnumerable<CapturedFrame> RunAsync(CaptureRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (request.Port.Length > 0 && FindPort(request.Port) is null)
        {
            throw new RpcException(StatusCode.NotFound, $"port: '{request.Port}' is no port and no attached pod of this node; see 'dpctl port list'");
        }
        byte[]? address = request.Address.Length == 0 ? null : AddressBytes(request.Address);
        if (Interlocked.Exchange(ref _running, 1) != 0) throw new RpcException(StatusCode.ResourceExhausted, "another capture is running; end that one first");
        var rings = new CaptureRing[node.Engine.Workers.Length];
        try
        {
            for (int i = 0; i < rings.Length; i++) node.Engine.Workers[i].Capture = rings[i] = new CaptureRing(RingBytes, request.SnapLength == 0 ? DefaultSnapLength : (int)Math.Min(request.SnapLength, DefaultSnapLength));
            ulong sent = 0;
            while (!cancellationToken.IsCancellationRequested)
            {
                bool any = false;
                foreach (var ring in rings)
                {
                    while (ring.TryRead(out var header, out var bytes))
                    {
                        any = true;
                        string port = node.Engine.PortById(header.Port)?.Name ?? "";
                        if (request.Port.Length > 0 && FindPort(request.Port)?.Id != header.Port) continue;
                        if (address is not null && bytes.AsSpan(0, Math.Min(bytes.Length, 128)).IndexOf(address) < 0) continue;
                        yield return Make(header, port, bytes, ring);
                        if (request.MaxFrames != 0 && ++sent == request.MaxFrames) yield break;
                    }
                }
                if (!any) await Task.Delay(Pause, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        finally
        {
            foreach (var worker in node.Engine.Workers) worker.Capture = null;
            Volatile.Write(ref _running, 0);
        }
    }

    private static CapturedFrame Make(in CaptureHeader header, string port, byte[] bytes, CaptureRing ring) => new()
    {
        Time = (ulong)header.Time,
        Port = port,
        Outgoing = header.Outgoing,
        Length = (uint)header.Length,
        Data = UnsafeByteOperations.UnsafeWrap(bytes),
        DropReason = header.Reason == DropReason.None ? "" : header.Reason.ToString(),
        Lost = (ulong)ring.Lost,
    };

    private Workers.Port? FindPort(string name)
    {
        var endpoint = node.Endpoints.FirstOrDefault(e => e.Key == name);
        return endpoint is not null ? node.Engine.PortById(endpoint.Port) : node.Engine.Ports.FirstOrDefault(p => p.Name == name);
    }

    private static byte[] AddressBytes(string text) => System.Net.IPAddress.TryParse(text, out var address)
        ? address.GetAddressBytes()
        : throw new RpcException(StatusCode.InvalidArgument, $"address: '{text}' is not an IP address; write it like 10.244.1.7");
}
