using System.IO.Pipelines;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Capture;

/// <summary>Pours a stream of captured frames into a pcapng file.</summary>
internal static class CaptureFile
{
    private const int FlushBytes = 1 << 16;

    /// <summary>
    /// Writes until the frames end or <paramref name="cancel"/> fires, which is how a capture usually ends; the file is
    /// complete either way, also after an exception from the frames.
    /// </summary>
    /// <param name="stream">The file.</param>
    /// <param name="section">Its head.</param>
    /// <param name="snapLength">Bytes kept of each frame; 0: all.</param>
    /// <param name="frames">The frames; the caller's to dispose.</param>
    /// <param name="first">The first move of <paramref name="frames"/>, which may not have ended yet.</param>
    /// <param name="cancel">Ends the capture, as it ends that of <paramref name="frames"/>.</param>
    /// <returns>How many frames were written, and how many the dataplane had to leave out.</returns>
    public static async Task<(ulong Frames, ulong Lost)> WriteAsync(
        Stream stream, PcapngSection section, uint snapLength, IAsyncEnumerator<CapturedFrame> frames, Task<bool> first, CancellationToken cancel)
    {
        var pipe = PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true));
        var writer = new PcapngWriter(pipe);
        var interfaces = new Dictionary<string, uint>();
        ulong count = 0, lost = 0;
        writer.WriteSection(section);
        await writer.FlushAsync();
        try
        {
            for (var next = first; await NextAsync(next, pipe, writer); next = frames.MoveNextAsync().AsTask())
            {
                Write(writer, interfaces, snapLength, frames.Current);
                count++;
                lost += frames.Current.Lost;
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // Ctrl-C: what was captured is the result.
        }
        finally
        {
            // Readers refuse a file that describes no interface, even if it holds no frame.
            if (interfaces.Count == 0)
                writer.WriteInterface("none", snapLength);
            await writer.FlushAsync();
            await pipe.CompleteAsync();
        }
        return (count, lost);
    }

    /// <summary>Flushes when the next frame is not there yet, so that a reader at the other end of a pipe sees the last one.</summary>
    private static async ValueTask<bool> NextAsync(Task<bool> next, PipeWriter pipe, PcapngWriter writer)
    {
        if (!next.IsCompleted || pipe.UnflushedBytes > FlushBytes)
            await writer.FlushAsync();
        return await next;
    }

    private static void Write(PcapngWriter writer, Dictionary<string, uint> interfaces, uint snapLength, CapturedFrame frame)
    {
        if (!interfaces.TryGetValue(frame.Port, out uint number))
        {
            number = (uint)interfaces.Count;
            interfaces.Add(frame.Port, number);
            writer.WriteInterface(frame.Port, snapLength);
        }
        string comment = frame.DropReason.Length == 0 ? "" : $"dropped: {frame.DropReason}";
        writer.WritePacket(number, frame.Time, frame.Outgoing, frame.Data.Span, frame.Length, frame.Lost, comment);
    }
}
