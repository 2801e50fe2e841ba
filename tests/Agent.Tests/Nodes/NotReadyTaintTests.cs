using Dataplane.Agent.Tests.ApiServer;
using Xunit;

namespace Dataplane.Agent.Tests.Nodes;

/// <summary>A node that joins with a taint gets rid of it when it is ready, and not before.</summary>
public class NotReadyTaintTests
{
    [Fact]
    public async Task F17_the_taint_goes_when_the_node_is_ready_and_not_before_and_others_stay()
    {
        var due = false;
        await using var node = new TaintedNode();
        await node.StartAsync(() => Volatile.Read(ref due));
        await Task.Delay(600);
        Assert.Empty(node.Server.Requests);
        Volatile.Write(ref due, true);
        await FollowedServer.WaitAsync(() => node.Keys == "someone.dev/else", "take the taint off");
        await FollowedServer.WaitAsync(() => node.Log.Holds("node n1 is ready: took the taint"), "say so");
    }

    [Fact]
    public async Task F17_a_taint_that_comes_back_goes_again()
    {
        await using var node = new TaintedNode();
        await node.StartAsync(() => true);
        await FollowedServer.WaitAsync(() => node.Keys == "someone.dev/else", "take the taint off");
        node.Set((TaintedNode.Key, "NoSchedule"));
        await FollowedServer.WaitAsync(() => node.Keys.Length == 0, "take it off again");
    }

    [Fact]
    public async Task A_taint_that_somebody_adds_between_our_two_requests_is_not_lost()
    {
        await using var node = new TaintedNode();
        node.BeforePatch = () => node.Set((TaintedNode.Key, "NoSchedule"), ("late.dev/one", "NoExecute"));
        await node.StartAsync(() => true);
        await FollowedServer.WaitAsync(() => node.Keys == "late.dev/one", "take off its own taint alone");
        Assert.False(node.Log.Holds("stays on node"), node.Log.Text);
    }

    [Fact]
    public async Task A_server_that_refuses_is_asked_again_and_the_log_says_once_what_is_missing()
    {
        await using var node = new TaintedNode { Refusals = 3 };
        await node.StartAsync(() => true);
        await FollowedServer.WaitAsync(() => node.Keys == "someone.dev/else", "take the taint off in the end");
        Assert.True(node.Log.Holds("(grant get and patch of nodes to the agent's account)"), node.Log.Text);
        Assert.Equal(2, node.Log.Text.Split("stays on node").Length);
    }
}
