namespace Dataplane.Control.Options;

/// <summary>One option: everything there is to know of it in one place, so that flags, file, help and docs/configuration.md agree.</summary>
/// <param name="Key">Name, in kebab case.</param>
/// <param name="Unit">What the value is counted in, or its form.</param>
/// <param name="Default">Default value, read by the same <paramref name="Apply"/>; null when the option must be given.</param>
/// <param name="Doc">What it does, for help and documentation; one line.</param>
/// <param name="Example">A good value, for error messages.</param>
/// <param name="Apply">Reads the text into the options; a <see cref="FormatException"/> says what is wrong and how to write it.</param>
internal sealed record OptionDefinition(
    string Key, string Unit, string? Default, string Doc, string Example, Action<DataplaneOptions, string> Apply);
