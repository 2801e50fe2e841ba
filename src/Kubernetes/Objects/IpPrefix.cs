using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Dataplane.Kubernetes;

/// <summary>A CIDR with its host bits cleared.</summary>
public readonly record struct IpPrefix : IComparable<IpPrefix>
{
    /// <summary>Makes a prefix; host bits of <paramref name="value"/> are cleared (P13: e2e uses <c>podIP/4</c>).</summary>
    public IpPrefix(UInt128 value, byte length, bool isIPv6)
    {
        IsIPv6 = isIPv6;
        Length = length;
        var hostBits = (isIPv6 ? 128 : 32) - length;
        Value = hostBits == 128 ? UInt128.Zero : value >> hostBits << hostBits;
    }

    /// <summary>The network address in host order.</summary>
    public UInt128 Value { get; }

    /// <summary>Network bits.</summary>
    public byte Length { get; }

    /// <summary>The family.</summary>
    public bool IsIPv6 { get; }

    private int HostBits => (IsIPv6 ? 128 : 32) - Length;

    /// <summary>The highest address of the prefix, in host order.</summary>
    public UInt128 Last => HostBits == 128 ? UInt128.MaxValue : Value | ((UInt128.One << HostBits) - 1);

    /// <summary>The first address after the network address: a node's host port address. Null for a single address.</summary>
    public IpAddress? FirstHost => HostBits == 0 ? null : new IpAddress(Value + 1, IsIPv6);

    /// <summary>Parses "address/length"; host bits may be set.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out IpPrefix prefix)
    {
        prefix = default;
        var slash = text?.IndexOf('/') ?? -1;
        if (slash < 0 || !IpAddress.TryParse(text![..slash], out var address))
            return false;
        var digits = text.AsSpan(slash + 1);
        if (digits.Length is 0 or > 3 || (digits.Length > 1 && digits[0] == '0')
            || !byte.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            || length > address.Width)
            return false;
        prefix = new IpPrefix(address.Value, length, address.IsIPv6);
        return true;
    }

    /// <summary>True when the address is inside.</summary>
    public bool Contains(IpAddress address) =>
        address.IsIPv6 == IsIPv6 && address.Value >= Value && address.Value <= Last;

    /// <summary>True when every address of <paramref name="other"/> is inside; a prefix contains itself.</summary>
    public bool Contains(IpPrefix other) =>
        other.IsIPv6 == IsIPv6 && other.Length >= Length && other.Value >= Value && other.Value <= Last;

    /// <summary>Orders by family, network address, then length: a prefix comes right before everything inside it.</summary>
    public int CompareTo(IpPrefix other)
    {
        if (IsIPv6 != other.IsIPv6)
            return IsIPv6.CompareTo(other.IsIPv6);
        var byValue = Value.CompareTo(other.Value);
        return byValue != 0 ? byValue : Length.CompareTo(other.Length);
    }

    /// <summary>"address/length" with host bits zero.</summary>
    public override string ToString() => $"{new IpAddress(Value, IsIPv6)}/{Length}";

    /// <summary>See <see cref="CompareTo"/>.</summary>
    public static bool operator <(IpPrefix left, IpPrefix right) => left.CompareTo(right) < 0;

    /// <summary>See <see cref="CompareTo"/>.</summary>
    public static bool operator >(IpPrefix left, IpPrefix right) => left.CompareTo(right) > 0;

    /// <summary>See <see cref="CompareTo"/>.</summary>
    public static bool operator <=(IpPrefix left, IpPrefix right) => left.CompareTo(right) <= 0;

    /// <summary>See <see cref="CompareTo"/>.</summary>
    public static bool operator >=(IpPrefix left, IpPrefix right) => left.CompareTo(right) >= 0;
}
