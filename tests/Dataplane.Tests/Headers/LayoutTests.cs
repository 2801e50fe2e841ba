using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Dataplane.Packets;
using Xunit;

namespace Dataplane.Tests.Headers;

/// <summary>
/// Structs that others read, on a wire or in shared memory: their layout is declared, and they are as large as they say. One that is
/// added later is found by itself.
/// </summary>
public sealed class LayoutTests
{
    private static readonly string[] Folders = ["Dataplane.Headers", "Dataplane.Conntrack", "Dataplane.Telemetry", "Dataplane.Packets"];

    public static TheoryData<string> Declared()
    {
        var data = new TheoryData<string>();
        foreach (var type in Structs().Where(IsPacked)) data.Add(type.FullName!);
        return data;
    }

    [Theory]
    [MemberData(nameof(Declared))]
    public void IsAsLargeAsItSays(string name)
    {
        var type = Structs().Single(t => t.FullName == name);
        var closed = type.IsGenericTypeDefinition ? type.MakeGenericType(typeof(IPv4Address)) : type;
        var size = type.GetField("Size", BindingFlags.Public | BindingFlags.Static | BindingFlags.FlattenHierarchy);
        // The size of what holds addresses is the family's.
        if (type.IsGenericTypeDefinition && size is null) return;
        Assert.True(size is { IsLiteral: true }, $"{name} has no const int Size");
        Assert.Equal(SizeOf(closed), (int)size.GetRawConstantValue()!);
    }

    [Fact]
    public void EveryHeaderDeclaresItsLayout() => Assert.Empty(
        Structs().Where(t => t.Namespace == "Dataplane.Headers" && !IsPacked(t)).Select(t => $"{t.Name}: StructLayout(Sequential, Pack = 1) and const int Size are missing"));

    /// <summary>Another size means another <see cref="Dataplane.Conntrack.ConntrackEntry{TAddress}.LayoutVersion"/>, and shows in the hot path's cache misses.</summary>
    [Fact]
    public void AConnectionTakesTwoCacheLines() => Assert.Equal(128, Unsafe.SizeOf<Dataplane.Conntrack.ConntrackEntry<IPv4Address>>());

    /// <summary>The same for IPv6: 24 bytes more for each of two tuples.</summary>
    [Fact]
    public void AConnectionOfIPv6TakesLessThanThree() => Assert.Equal(128 + 2 * 24, Unsafe.SizeOf<Dataplane.Conntrack.ConntrackEntry<IPv6Address>>());

    private static IEnumerable<Type> Structs() => typeof(Verdict).Assembly.GetTypes()
        .Where(t => t is { IsValueType: true, IsEnum: false, IsByRefLike: false, IsNested: false } && Folders.Contains(t.Namespace));

    private static bool IsPacked(Type type) => type.StructLayoutAttribute is { Value: LayoutKind.Sequential, Pack: 1 or 2 or 4 or 8 } layout
        && (layout.Pack != 8 || type.GetField("Size") is not null);

    private static int SizeOf(Type type) => (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;
}
