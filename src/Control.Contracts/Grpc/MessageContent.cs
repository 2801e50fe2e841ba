using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;

namespace Dataplane.Contracts.Grpc;

/// <summary>A request body of one framed message.</summary>
internal sealed class MessageContent : HttpContent
{
    private static readonly MediaTypeHeaderValue MediaType = new(GrpcProtocol.ContentType);
    private static readonly StreamPipeWriterOptions WriterOptions = new(leaveOpen: true);

    private readonly IMessage _message;

    public MessageContent(IMessage message)
    {
        _message = message;
        Headers.ContentType = MediaType;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var writer = PipeWriter.Create(stream, WriterOptions);
        MessageFraming.Write(writer, _message);
        await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
        await writer.CompleteAsync().ConfigureAwait(false);
    }

    // No content-length: the size is known, but gRPC bodies go without it, and peers must not come to rely on it.
    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
