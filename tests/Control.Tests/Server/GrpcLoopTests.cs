using Dataplane.Contracts;
using Dataplane.Contracts.Grpc;
using Dataplane.Contracts.V1;
using Xunit;

namespace Dataplane.Control.Tests.Server;

/// <summary>Our client against our server.</summary>
public sealed class GrpcLoopTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task UnaryCallReturnsTheResponse()
    {
        await using var grpc = await GrpcFixture.StartAsync();
        Assert.Equal(7ul, (await grpc.Client.SyncAsync(new SyncRequest { Generation = 7 })).Generation);
        Assert.Equal("node-a", (await grpc.Client.GetStatusAsync(new GetStatusRequest())).NodeName);
    }

    [Fact]
    public async Task RefusalArrivesWithCodeAndText()
    {
        await using var grpc = await GrpcFixture.StartAsync();
        var refusal = await Assert.ThrowsAsync<RpcException>(() => grpc.Client.SyncAsync(new SyncRequest()));
        Assert.Equal(StatusCode.InvalidArgument, refusal.StatusCode);
        Assert.Equal(FakeControlService.AwkwardText, refusal.Detail);
    }

    [Fact]
    public async Task UnforeseenFailureIsUnknownWithItsMessage()
    {
        await using var grpc = await GrpcFixture.StartAsync();
        var failure = await Assert.ThrowsAsync<RpcException>(() => grpc.Client.AttachEndpointAsync(new AttachEndpointRequest { Pod = "boom" }));
        Assert.Equal(StatusCode.Unknown, failure.StatusCode);
        Assert.Equal("InvalidOperationException: the boom pod", failure.Detail);
    }

    [Fact]
    public async Task StreamDeliversEveryMessageInOrder()
    {
        await using var grpc = await GrpcFixture.StartAsync();
        uint expected = 0;
        await foreach (var entry in grpc.Client.ListConntrackAsync(new ListConntrackRequest { Address = "100000" }))
            Assert.Equal(expected++, entry.SourcePort);
        Assert.Equal(100_000u, expected);
    }

    [Fact]
    public async Task EmptyStreamEndsInGoodOrder()
    {
        await using var grpc = await GrpcFixture.StartAsync();
        await foreach (var entry in grpc.Client.ListEndpointsAsync(new ListRequest()))
            Assert.Fail(entry.ToString());
    }

    [Fact]
    public async Task MessagesBeforeAFailureAreDelivered()
    {
        await using var grpc = await GrpcFixture.StartAsync();
        var reasons = new List<string>();
        var failure = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            await foreach (var drop in grpc.Client.ListDropsAsync(new ListRequest()))
                reasons.Add(drop.Reason);
        });
        Assert.Equal(["VniUnknown", "PolicyDenied"], reasons);
        Assert.Equal((StatusCode.ResourceExhausted, "no more rows"), (failure.StatusCode, failure.Detail));
    }

    [Fact]
    public async Task StreamThatIsRefusedAtOnceReportsIt()
    {
        await using var grpc = await GrpcFixture.StartAsync();
        var failure = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            await foreach (var _ in grpc.Client.ListIpcacheAsync(new ListRequest()))
            {
            }
        });
        Assert.Equal(StatusCode.FailedPrecondition, failure.StatusCode);
    }

    [Fact]
    public async Task WatchDeliversEventsWhileTheStreamIsOpenAndTellsTheServiceWhenTheClientLeaves()
    {
        await using var grpc = await GrpcFixture.StartAsync();
        int seen = 0;
        await foreach (var _ in grpc.Client.WatchFlowsAsync(new WatchFlowsRequest { MaxEvents = 3 }))
        {
            if (++seen == 3)
                break;
        }
        await grpc.Service.StreamCancelled.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task DeadlineEndsACallAndCancelsTheService()
    {
        await using var grpc = await GrpcFixture.StartAsync();
        var client = grpc.Client.WithTimeout(TimeSpan.FromMilliseconds(100));
        var failure = await Assert.ThrowsAsync<RpcException>(() => client.UpdateAsync(new UpdateRequest()));
        Assert.Equal(StatusCode.DeadlineExceeded, failure.StatusCode);
        await grpc.Service.UpdateCancelled.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task CancellationSurfacesAsSuchAndReachesTheService()
    {
        await using var grpc = await GrpcFixture.StartAsync();
        using var cancel = new CancellationTokenSource(100);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => grpc.Client.UpdateAsync(new UpdateRequest(), cancel.Token));
        await grpc.Service.UpdateCancelled.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task RequestAboveTheLimitIsResourceExhausted()
    {
        await using var grpc = await GrpcFixture.StartAsync();
        var request = new FlushConntrackRequest { Address = new string('a', GrpcFixture.MaxRequestSize + 1) };
        var failure = await Assert.ThrowsAsync<RpcException>(() => grpc.Client.FlushConntrackAsync(request));
        Assert.Equal(StatusCode.ResourceExhausted, failure.StatusCode);
        Assert.Contains($"limit of {GrpcFixture.MaxRequestSize}", failure.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RequestBelowTheLimitIsReadWhole()
    {
        await using var grpc = await GrpcFixture.StartAsync();
        var request = new FlushConntrackRequest { Address = new string('a', GrpcFixture.MaxRequestSize - 100) };
        Assert.Equal((ulong)request.Address.Length, (await grpc.Client.FlushConntrackAsync(request)).Removed);
    }

    [Fact]
    public async Task ClientThatDoesNotReadHoldsBackTheService()
    {
        await using var grpc = await GrpcFixture.StartAsync();
        await using var frames = grpc.Client.CaptureAsync(new CaptureRequest()).GetAsyncEnumerator();
        Assert.True(await frames.MoveNextAsync());
        int before, after = 0;
        do
        {
            before = after;
            await Task.Delay(300);
            after = Volatile.Read(ref grpc.Service.Captured);
        }
        while (after != before);
        // Windows and buffers at both ends hold a few MiB; without backpressure it would be hundreds of MiB by now.
        Assert.InRange(after, 1, 32 * 1024);
    }

    [Fact]
    public async Task ManyCallsAtOnceShareTheConnection()
    {
        await using var grpc = await GrpcFixture.StartAsync();
        var calls = Enumerable.Range(1, 300).Select(async i => (await grpc.Client.SyncAsync(new SyncRequest { Generation = (ulong)i })).Generation);
        Assert.Equal(Enumerable.Range(1, 300).Select(i => (ulong)i), await Task.WhenAll(calls));
    }

    [Fact]
    public async Task StoppingTheServerEndsStreamsWithUnavailable()
    {
        await using var grpc = await GrpcFixture.StartAsync();
        await using var events = grpc.Client.WatchFlowsAsync(new WatchFlowsRequest { MaxEvents = 1 }).GetAsyncEnumerator();
        Assert.True(await events.MoveNextAsync());
        await grpc.StopAsync().WaitAsync(Patience);
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await events.MoveNextAsync());
        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
        Assert.False(File.Exists(grpc.SocketPath));
    }

    [Fact]
    public async Task MissingSocketAsksWhetherTheDataplaneRuns()
    {
        using var client = new ControlClient("unix:///nonexistent/control.sock");
        var failure = await Assert.ThrowsAsync<RpcException>(() => client.GetStatusAsync(new GetStatusRequest()));
        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
        Assert.Equal("connect /nonexistent/control.sock: no such socket; is the dataplane running?", failure.Detail);
    }
}
