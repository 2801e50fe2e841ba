using System.Globalization;

namespace Dataplane.Contracts.Grpc;

/// <summary>The value of grpc-timeout: at most eight digits and a unit (H M S m u n).</summary>
public static class GrpcTimeout
{
    private const long MaxValue = 99_999_999;

    /// <summary>Writes a timeout in the finest unit that holds it, rounded up so that the server never gives up before the client.</summary>
    public static string Format(TimeSpan timeout)
    {
        // A deadline that has passed must still be a valid header: one nanosecond.
        if (timeout <= TimeSpan.Zero)
            return "1n";
        long ticks = timeout.Ticks;
        ReadOnlySpan<(long Ticks, char Unit)> units =
        [
            (TimeSpan.TicksPerMicrosecond, 'u'), (TimeSpan.TicksPerMillisecond, 'm'), (TimeSpan.TicksPerSecond, 'S'),
            (TimeSpan.TicksPerMinute, 'M'), (TimeSpan.TicksPerHour, 'H'),
        ];
        foreach (var (unitTicks, unit) in units)
        {
            long value = ticks / unitTicks + (ticks % unitTicks == 0 ? 0 : 1);
            if (value <= MaxValue)
                return string.Create(CultureInfo.InvariantCulture, $"{value}{unit}");
        }
        return string.Create(CultureInfo.InvariantCulture, $"{MaxValue}H");
    }

    /// <summary>Reads a timeout; false when it is not of the protocol's form.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan timeout)
    {
        timeout = default;
        if (text.Length is < 2 or > 9 || !long.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out long value))
            return false;
        long ticksPerUnit = text[^1] switch
        {
            'H' => TimeSpan.TicksPerHour,
            'M' => TimeSpan.TicksPerMinute,
            'S' => TimeSpan.TicksPerSecond,
            'm' => TimeSpan.TicksPerMillisecond,
            'u' => TimeSpan.TicksPerMicrosecond,
            'n' => 0,
            _ => -1,
        };
        if (ticksPerUnit < 0)
            return false;
        // The longest, 99,999,999 hours, is within the range of TimeSpan.
        timeout = ticksPerUnit == 0
            ? TimeSpan.FromTicks((value + TimeSpan.NanosecondsPerTick - 1) / TimeSpan.NanosecondsPerTick)
            : TimeSpan.FromTicks(value * ticksPerUnit);
        return true;
    }
}
