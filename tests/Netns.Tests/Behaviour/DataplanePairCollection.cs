using Xunit;

namespace Dataplane.Netns.Tests.Behaviour;

/// <summary>Ties the fixture to its collection.</summary>
[CollectionDefinition(DataplanePair.Name)]
public sealed class DataplanePairCollection : ICollectionFixture<DataplanePair>;
