using System.Net.Sockets;

namespace Dataplane.Contracts.Grpc;

/// <summary>Connects to a Unix socket and says, when it cannot, what that means to an operator.</summary>
internal static class UnixSocketConnector
{
    public static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            // .NET folds ENOENT into AddressNotAvailable; ask the file system which it was.
            throw e.SocketErrorCode switch
            {
                SocketError.AccessDenied => new RpcException(StatusCode.PermissionDenied, $"connect {path}: permission denied; the control socket belongs to root", e),
                _ when !File.Exists(path) => new RpcException(StatusCode.Unavailable, $"connect {path}: no such socket; is the dataplane running?", e),
                SocketError.ConnectionRefused => new RpcException(
                    StatusCode.Unavailable, $"connect {path}: nobody listens on this socket; is the dataplane running? (the file was left behind)", e),
                _ => new RpcException(StatusCode.Unavailable, $"connect {path}: {e.Message}", e),
            };
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
