namespace Dataplane.Cni.Tests.Calls;

/// <summary>A stream whose other end is gone.</summary>
internal sealed class UnreadableStream : MemoryStream
{
    public override int Read(byte[] buffer, int offset, int count) => throw new IOException("Input/output error");

    public override int Read(Span<byte> buffer) => throw new IOException("Input/output error");

    public override void CopyTo(Stream destination, int bufferSize) => throw new IOException("Input/output error");

    public override void Write(byte[] buffer, int offset, int count) => throw new IOException("Broken pipe");

    public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("Broken pipe");
}
