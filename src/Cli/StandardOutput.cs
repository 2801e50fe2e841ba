using Microsoft.Win32.SafeHandles;

namespace Dataplane.Cli;

/// <summary>Opens standard output so that a reader who has gone away is noticed.</summary>
internal static class StandardOutput
{
    private const int Descriptor = 1;

    /// <summary>
    /// The console's stream swallows EPIPE, so "dpctl observe | head -1" would stream into nothing for ever; a FileStream
    /// throws. A FileStream on a regular file writes at offsets of its own, so that two commands redirected into one file
    /// would overwrite each other: there the console's stream is right.
    /// </summary>
    public static Stream Open()
    {
        try
        {
            var pipe = new FileStream(new SafeFileHandle(Descriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);
            if (!pipe.CanSeek)
                return pipe;
        }
        catch (Exception failure) when (failure is IOException or ArgumentException or UnauthorizedAccessException)
        {
            // Closed, or a kind of descriptor FileStream refuses: the console's stream copes with both.
        }
        return Console.OpenStandardOutput();
    }
}
