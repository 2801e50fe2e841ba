using Dataplane.Testing;
using Xunit;

namespace Dataplane.Netns.Tests;

/// <summary>The test bed itself: what it makes works, and nothing of it stays.</summary>
public sealed class TopologyTests
{
    [RequiresRootFact]
    public void Two_linked_namespaces_reach_each_other()
    {
        using var topology = Topology.Create();
        NetworkNamespace left = topology.AddNamespace("left");
        NetworkNamespace right = topology.AddNamespace("right");
        topology.Link(left, "eth0", right, "eth0");
        left.AddAddress("eth0", "192.168.9.1/24");
        right.AddAddress("eth0", "192.168.9.2/24");

        CommandResult ping = left.Run("ping", "-c", "1", "-W", "2", "192.168.9.2");

        Assert.Contains("1 received", ping.Output, StringComparison.Ordinal);
    }

    [RequiresRootFact]
    public void Disposing_ends_processes_and_removes_namespaces_and_folder()
    {
        var topology = Topology.Create();
        NetworkNamespace inside = topology.AddNamespace("a");
        BackgroundProcess forgotten = inside.Start("sleep", "600");

        topology.Dispose();

        Assert.False(File.Exists(inside.Path));
        Assert.False(Directory.Exists(topology.Folder));
        forgotten.WaitForExit(TimeSpan.FromSeconds(5));
    }

    [RequiresRootFact]
    public void What_a_crashed_process_left_is_removed_by_the_next_one()
    {
        // Pid 1 with a start time it never had: an owner that is gone, whose pid was taken over.
        string prefix = $"{Topology.Marker}-1-{Environment.ProcessId:x}";
        string folder = $"/run/dataplane-tests/{prefix}";
        Directory.CreateDirectory(folder);
        File.WriteAllText(folder + "/owner", "1 12345678901");
        Command.Run("ip", "netns", "add", prefix + "-left-over");

        Topology.RemoveOrphans();

        Assert.False(File.Exists($"/run/netns/{prefix}-left-over"));
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public void A_failed_command_shows_what_was_run_and_what_it_said()
    {
        var error = Assert.Throws<CommandException>(() => Command.Script("echo to-stderr >&2; exit 3"));

        Assert.Contains("exited with 3", error.Message, StringComparison.Ordinal);
        Assert.Contains("to-stderr", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_command_that_takes_too_long_is_ended()
    {
        var error = Assert.Throws<CommandException>(() => Command.Run(TimeSpan.FromMilliseconds(200), "sleep", "600"));

        Assert.Contains("did not end within", error.Message, StringComparison.Ordinal);
    }
}
