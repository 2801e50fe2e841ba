namespace Dataplane.Control.Options;

/// <summary>One option in force.</summary>
/// <param name="Key">Name, as in the configuration file and, with two dashes, on the command line.</param>
/// <param name="Value">The text it was given as.</param>
/// <param name="Source">Where from.</param>
public readonly record struct OptionSetting(string Key, string Value, OptionSource Source);
