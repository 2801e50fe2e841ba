using Dataplane.Control.Cleanup;
using Dataplane.Control.Options;
using Dataplane.Control.Server;
using Xunit;

namespace Dataplane.Control.Tests.Server;

public sealed class StateDirectoryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("state-dir").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void OneDataplaneHasItAtATime_AndItsControlSocketIsNoted()
    {
        Assert.False(StateDirectory.IsInUse(_folder));
        using (var held = StateDirectory.TryTake(Options(_folder)))
        {
            Assert.NotNull(held);
            Assert.True(StateDirectory.IsInUse(_folder));
            Assert.Null(StateDirectory.TryTake(Options(_folder)));
        }
        Assert.False(StateDirectory.IsInUse(_folder));
        Assert.Equal("/run/elsewhere/c.sock", StateDirectory.ControlSocketOf(_folder));
        StateDirectory.Forget(_folder);
        Assert.Null(StateDirectory.ControlSocketOf(_folder));
    }

    [Fact]
    public void OneThatCannotBeWrittenIsRefusedByItsOption()
    {
        string file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        var refusal = Assert.Throws<OptionException>(() => StateDirectory.TryTake(Options(file + "/state")));
        Assert.StartsWith($"state-dir '{file}/state': cannot be written: ", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CleanupRefusesWhileADataplaneHasIt_WhereverItsControlSocketIs()
    {
        using var held = StateDirectory.TryTake(Options(_folder));
        var (output, error) = (new StringWriter(), new StringWriter());
        Assert.Equal(1, CleanupCommand.Run(["--state-dir", _folder, "--host-port", "no-such-dev"], output, error));
        Assert.StartsWith($"dataplane cleanup: a dataplane has {_folder}; stop it first", error.ToString(), StringComparison.Ordinal);
        Assert.Equal("", output.ToString());
    }

    private static DataplaneOptions Options(string folder) =>
        OptionLoader.Load(["--node-ip", "192.168.77.1", "--pod-cidr", "10.244.1.0/24", "--uplink", "none", "--control", "unix:///run/elsewhere/c.sock", "--state-dir", folder]);
}
