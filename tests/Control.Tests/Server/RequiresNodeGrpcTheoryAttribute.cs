using Xunit;

namespace Dataplane.Control.Tests.Server;

/// <summary>A test on grpc-js; skipped, with the reason, where npm cannot fetch it.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RequiresNodeGrpcTheoryAttribute : TheoryAttribute
{
    /// <summary>Decides when the test is discovered.</summary>
    public RequiresNodeGrpcTheoryAttribute() => Skip = ForeignClient.MissingNode;
}
