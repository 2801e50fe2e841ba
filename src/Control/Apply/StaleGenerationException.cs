namespace Dataplane.Control.Apply;

/// <summary>An update was made against a state that is not the one in force; the sender must send its whole state.</summary>
public sealed class StaleGenerationException(ulong given, ulong current)
    : Exception($"base_generation: '{given}' is not the generation in force, {current}; send the whole state with Sync");
