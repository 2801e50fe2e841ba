using Xunit;

namespace Dataplane.Control.Tests.Server;

/// <summary>A test on grpcio; skipped, with the reason, where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RequiresPythonGrpcTheoryAttribute : TheoryAttribute
{
    /// <summary>Decides when the test is discovered.</summary>
    public RequiresPythonGrpcTheoryAttribute() => Skip = ForeignClient.MissingPython;
}
