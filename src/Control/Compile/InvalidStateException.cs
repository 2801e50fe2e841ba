namespace Dataplane.Control.Compile;

/// <summary>A value in a request that cannot be used; the message names the field, the value and the remedy.</summary>
public sealed class InvalidStateException(string field, string value, string remedy)
    : Exception($"{field}: '{value}' {remedy}")
{
    /// <summary>Path of the field, for example "services[3].frontends[0].address".</summary>
    public string Field { get; } = field;
}
