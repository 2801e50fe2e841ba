using Dataplane.Control.Server;
using Xunit;

namespace Dataplane.Control.Tests.Server;

public sealed class ProcessLockTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("process-lock").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void OneHasItAtATime_AndWhoEndsLeavesItToTheNext()
    {
        string socket = Path.Combine(_folder, "new", "control.sock");
        using (var first = ProcessLock.TryTake(socket))
        {
            Assert.NotNull(first);
            Assert.Null(ProcessLock.TryTake(socket));
            using var other = ProcessLock.TryTake(Path.Combine(_folder, "other.sock"));
            Assert.NotNull(other);
        }
        using var next = ProcessLock.TryTake(socket);
        Assert.NotNull(next);
    }
}
