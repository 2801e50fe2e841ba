using System.Net.Sockets;
using System.Runtime.Versioning;
using Dataplane.Contracts;
using Dataplane.Contracts.V1;
using Dataplane.Control.Server;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Dataplane.Control.Tests.Server;

[SupportedOSPlatform("linux")]
public sealed class UnixSocketBinderTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("dp-bind-").FullName;

    private string SocketPath => Path.Combine(_directory, "run", "control.sock");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task SocketIsForItsOwnerOnlyAndItsDirectoryIsMade()
    {
        await using var listener = Listener();
        await listener.StartAsync();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(SocketPath));
    }

    [Fact]
    public async Task SocketOfALivingServerIsLeftAlone()
    {
        await using var first = Listener();
        await first.StartAsync();
        await using var second = Listener();
        var failure = await Assert.ThrowsAsync<IOException>(() => second.StartAsync());
        Assert.Equal($"control socket {SocketPath}: another process serves it; stop that dataplane or choose another path with --control", failure.Message);
        using var client = new ControlClient("unix://" + SocketPath);
        Assert.Equal("node-a", (await client.GetStatusAsync(new GetStatusRequest())).NodeName);
    }

    [Fact]
    public async Task SocketLeftBehindIsReplaced()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(SocketPath)!);
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(SocketPath + ".old"));
            // .NET removes the file with the socket; a killed process does not, so the file is saved under the other name.
            File.Move(SocketPath + ".old", SocketPath);
        }
        await using var listener = Listener();
        await listener.StartAsync();
        using var client = new ControlClient("unix://" + SocketPath);
        Assert.Equal("node-a", (await client.GetStatusAsync(new GetStatusRequest())).NodeName);
    }

    [Fact]
    public async Task FileThatIsNoSocketIsLeftAlone()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(SocketPath)!);
        File.WriteAllText(SocketPath, "precious");
        await using var listener = Listener();
        var failure = await Assert.ThrowsAsync<IOException>(() => listener.StartAsync());
        Assert.Contains("a file that is no socket is in the way", failure.Message, StringComparison.Ordinal);
        Assert.Equal("precious", File.ReadAllText(SocketPath));
    }

    private GrpcListener Listener() => new(SocketPath, new FakeControlService(), NullLoggerFactory.Instance);
}
