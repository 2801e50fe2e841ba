using Xunit;

namespace Dataplane.Testing;

/// <summary>A test that makes network namespaces; reported as skipped, with the reason, where that is not permitted.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RequiresRootFactAttribute : FactAttribute
{
    /// <summary>Decides when the test is discovered.</summary>
    public RequiresRootFactAttribute() => Skip = Privileges.MissingForNetworkNamespaces;
}
