using Dataplane.Packets;
using Xunit;

namespace Dataplane.Tests;

/// <summary>A test that is written for every family is run for each: it would be silent if its class were missing.</summary>
public sealed class FamilyCoverageTests
{
    [Theory]
    [InlineData(typeof(IPv4), typeof(IPv4Address))]
    [InlineData(typeof(IPv6), typeof(IPv6Address))]
    public void EveryFamilyRunsEveryTest(Type family, Type address)
    {
        var written = GetType().Assembly.GetTypes().Where(IsForFamilies).Select(t => t.MakeGenericType(address)).OrderBy(t => t.Name);
        var run = family.GetNestedTypes().Select(t => t.BaseType!).OrderBy(t => t.Name);
        Assert.NotEmpty(written);
        Assert.Equal(written, run);
    }

    private static bool IsForFamilies(Type type) => type != typeof(FamilyTests<>) && type is { IsGenericTypeDefinition: true, IsAbstract: true, BaseType: { IsGenericType: true } parent }
        && parent.GetGenericTypeDefinition() == typeof(FamilyTests<>);
}
