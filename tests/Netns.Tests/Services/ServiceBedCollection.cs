using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>Shares one <see cref="ServiceBed" />.</summary>
[CollectionDefinition(ServiceBed.Name)]
public sealed class ServiceBedCollection : ICollectionFixture<ServiceBed>;
