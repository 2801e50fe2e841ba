namespace Dataplane.Agent.Model;

/// <summary>One difference between two lists: an item that came, went, or took another's place under the same key.</summary>
/// <param name="Before">Null: it was not there.</param>
/// <param name="After">Null: it is gone.</param>
public readonly record struct Change<T>(T? Before, T? After)
    where T : class;
