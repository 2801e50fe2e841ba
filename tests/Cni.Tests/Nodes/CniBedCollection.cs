using Xunit;

namespace Dataplane.Cni.Tests.Nodes;

/// <summary>One bed for the tests that leave it as they found it.</summary>
[CollectionDefinition(Name)]
public sealed class CniBedCollection : ICollectionFixture<CniBed>
{
    /// <summary>Name of the collection.</summary>
    public const string Name = "a node with a container runtime";
}
