using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>Shares one <see cref="DualStackBed" />.</summary>
[CollectionDefinition(DualStackBed.Name)]
public sealed class DualStackBedCollection : ICollectionFixture<DualStackBed>;
