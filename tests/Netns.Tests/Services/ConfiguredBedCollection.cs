using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>Shares one <see cref="ConfiguredBed" />.</summary>
[CollectionDefinition(ConfiguredBed.Name)]
public sealed class ConfiguredBedCollection : ICollectionFixture<ConfiguredBed>;
