using Xunit;

namespace Dataplane.Control.Tests.Server;

/// <summary>Our server as other people's clients see it: both print the same for the same case.</summary>
public sealed class ForeignClientTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Case of the scripts, and what it prints; "..." at the end leaves the rest to the client's library.</summary>
    public static TheoryData<string, string> Cases => new()
    {
        { "unary", "node-a 1.2.3 True" },
        { "refusal", "INVALID_ARGUMENT " + FakeControlService.AwkwardText },
        { "failure", "UNKNOWN InvalidOperationException: the boom pod" },
        { "stream", "100000 rows" },
        { "slow_stream", "dp-host-x,eth1" },
        { "empty_stream", "0 rows" },
        { "broken_stream", "VniUnknown\nPolicyDenied\nRESOURCE_EXHAUSTED no more rows" },
        { "refused_stream", "FAILED_PRECONDITION no state yet" },
        { "deadline", "DEADLINE_EXCEEDED ..." },
        { "unknown_method", "UNIMPLEMENTED unknown method /dataplane.v1.Control/Nope" },
        { "large", "1000000" },
        { "too_large", "RESOURCE_EXHAUSTED message of 2000004 bytes exceeds the limit of 1048576 bytes" },
        { "malformed", "INTERNAL malformed SyncRequest: ..." },
        { "compressed", "UNIMPLEMENTED compressed message: only the identity encoding is supported" },
        { "cancel", "0,1,2\nCANCELLED ..." },
        { "concurrent", "300 answers" },
    };

    [RequiresPythonGrpcTheory]
    [MemberData(nameof(Cases))]
    public Task GrpcioSees(string scenario, string expected) =>
        RunAsync(scenario, expected, grpc => ForeignClient.RunPython(grpc.Address, Path.GetDirectoryName(grpc.SocketPath)!, scenario));

    [RequiresNodeGrpcTheory]
    [MemberData(nameof(Cases))]
    public Task GrpcJsSees(string scenario, string expected) =>
        RunAsync(scenario, expected, grpc => ForeignClient.RunNode(grpc.Address, scenario));

    private static async Task RunAsync(string scenario, string expected, Func<GrpcFixture, string> run)
    {
        await using var grpc = await GrpcFixture.StartAsync();
        string seen = await Task.Run(() => run(grpc));
        if (expected.EndsWith("...", StringComparison.Ordinal))
            Assert.StartsWith(expected[..^3], seen, StringComparison.Ordinal);
        else
            Assert.Equal(expected, seen);
        // The service must learn that nobody waits any more.
        if (scenario == "deadline")
            await grpc.Service.UpdateCancelled.Task.WaitAsync(Patience);
        if (scenario == "cancel")
            await grpc.Service.StreamCancelled.Task.WaitAsync(Patience);
    }
}
