using System.Globalization;

namespace Dataplane.Bench.EndToEnd;

/// <summary>The options of a verb that takes only numbers: "--name N".</summary>
public sealed class NumberOptions
{
    private readonly Dictionary<string, int> _values;

    private NumberOptions(Dictionary<string, int> values) => _values = values;

    /// <summary>The number given, or the default.</summary>
    public int this[string name] => _values[name];

    /// <summary>Reads a command line; a <see cref="UsageException"/> names what is wrong with it.</summary>
    public static NumberOptions Parse(IReadOnlyList<string> arguments, params NumberOption[] known)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        var values = known.ToDictionary(o => o.Name, o => o.Default);
        for (var i = 0; i < arguments.Count; i += 2)
        {
            var option = known.FirstOrDefault(o => o.Name == arguments[i])
                ?? throw new UsageException($"{arguments[i]}: no such option; there are {string.Join(' ', known.Select(o => o.Name))}");
            var text = i + 1 < arguments.Count ? arguments[i + 1] : "";
            values[option.Name] = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= option.Least && value <= option.Most
                ? value
                : throw new UsageException($"{option.Name} {text}: not a number from {option.Least} to {option.Most}");
        }

        return new NumberOptions(values);
    }
}
