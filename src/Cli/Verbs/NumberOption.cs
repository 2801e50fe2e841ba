using System.CommandLine;
using System.Globalization;

namespace Dataplane.Cli.Verbs;

/// <summary>An option that takes a whole number and says so when it gets something else.</summary>
internal static class NumberOption
{
    /// <summary>Makes the option; 0 when it is not given.</summary>
    public static Option<ulong> Create(string description, ulong most, string name, params string[] aliases) => new(name, aliases)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result =>
        {
            string text = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
            if (ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) && number <= most)
                return number;
            result.AddError($"{name} {text}: not a number from 0 to {most}");
            return 0;
        },
    };
}
