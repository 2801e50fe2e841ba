using Xunit;

namespace Dataplane.Testing;

/// <summary>The theory form of <see cref="RequiresRootFactAttribute"/>.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RequiresRootTheoryAttribute : TheoryAttribute
{
    /// <summary>Decides when the test is discovered.</summary>
    public RequiresRootTheoryAttribute() => Skip = Privileges.MissingForNetworkNamespaces;
}
