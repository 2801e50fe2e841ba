using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Google.Protobuf;

namespace Dataplane.Contracts.Grpc;

/// <summary>
/// Length-prefixed messages (grpc/doc/PROTOCOL-HTTP2.md): one byte "compressed" (0 or 1), four bytes length, big-endian, then the protobuf.
/// </summary>
public static class MessageFraming
{
    /// <summary>Writes one message, without flushing.</summary>
    public static void Write(IBufferWriter<byte> output, IMessage message)
    {
        ArgumentNullException.ThrowIfNull(output);
        int size = message.CalculateSize();
        var prefix = output.GetSpan(GrpcProtocol.MessagePrefixSize);
        prefix[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(prefix[1..], size);
        output.Advance(GrpcProtocol.MessagePrefixSize);
        message.WriteTo(output);
    }

    /// <summary>Reads one message.</summary>
    /// <param name="input">The body.</param>
    /// <param name="parser">Reads the protobuf.</param>
    /// <param name="maxSize">Largest message accepted, bytes; the prefix is refused before the rest is read.</param>
    /// <param name="cancellationToken">Ends the wait for bytes.</param>
    /// <returns>The message; null when the body ended in good order before another message began.</returns>
    /// <exception cref="RpcException">Too large, compressed, truncated or not this protobuf message.</exception>
    public static async ValueTask<T?> ReadAsync<T>(PipeReader input, MessageParser<T> parser, int maxSize, CancellationToken cancellationToken)
        where T : class, IMessage<T>
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(parser);
        int size = -1;
        while (true)
        {
            var result = await input.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (result.IsCanceled)
                throw new OperationCanceledException();
            var buffer = result.Buffer;
            if (size < 0 && buffer.Length >= GrpcProtocol.MessagePrefixSize)
                size = ReadPrefix(buffer, maxSize);
            if (size >= 0 && buffer.Length - GrpcProtocol.MessagePrefixSize >= size)
            {
                var body = buffer.Slice(GrpcProtocol.MessagePrefixSize, size);
                var message = Parse(parser, body);
                input.AdvanceTo(body.End);
                return message;
            }
            if (result.IsCompleted)
            {
                if (buffer.IsEmpty)
                    return null;
                throw new RpcException(StatusCode.Internal, $"truncated message: the body ended after {buffer.Length} bytes");
            }
            input.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    private static int ReadPrefix(in ReadOnlySequence<byte> buffer, int maxSize)
    {
        Span<byte> prefix = stackalloc byte[GrpcProtocol.MessagePrefixSize];
        buffer.Slice(0, GrpcProtocol.MessagePrefixSize).CopyTo(prefix);
        // Without a grpc-encoding that both ends know, the flag may not be set: the bytes could not be read.
        if (prefix[0] == 1)
            throw new RpcException(StatusCode.Unimplemented, "compressed message: only the identity encoding is supported");
        if (prefix[0] != 0)
            throw new RpcException(StatusCode.Internal, $"malformed message prefix: compressed flag {prefix[0]}");
        uint size = BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]);
        if (size > (uint)maxSize)
            throw new RpcException(StatusCode.ResourceExhausted, $"message of {size} bytes exceeds the limit of {maxSize} bytes");
        return (int)size;
    }

    private static T Parse<T>(MessageParser<T> parser, in ReadOnlySequence<byte> body)
        where T : class, IMessage<T>
    {
        try
        {
            return parser.ParseFrom(body);
        }
        catch (InvalidProtocolBufferException e)
        {
            // INTERNAL is what gRPC's status table asks for, as no field can be named.
            throw new RpcException(StatusCode.Internal, $"malformed {typeof(T).Name}: {e.Message}", e);
        }
    }
}
