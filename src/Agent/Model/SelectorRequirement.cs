namespace Dataplane.Agent.Model;

/// <summary>One condition of a selector.</summary>
/// <param name="Key">Label key.</param>
/// <param name="Operator">How the value is compared.</param>
/// <param name="Values">Values of In and NotIn, in ordinal order; empty otherwise.</param>
public sealed record SelectorRequirement(string Key, SelectorOperator Operator, IReadOnlyList<string> Values)
{
    /// <summary>True when the labels meet the condition.</summary>
    public bool Matches(LabelSet labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        var value = labels.Find(Key);
        return Operator switch
        {
            SelectorOperator.In => value is not null && Values.Contains(value),
            SelectorOperator.NotIn => value is null || !Values.Contains(value),
            SelectorOperator.Exists => value is not null,
            _ => value is null,
        };
    }

    /// <summary>Text that is equal for equal conditions.</summary>
    public override string ToString() => Operator switch
    {
        SelectorOperator.In => $"{Key} in ({string.Join(',', Values)})",
        SelectorOperator.NotIn => $"{Key} notin ({string.Join(',', Values)})",
        SelectorOperator.Exists => Key,
        _ => $"!{Key}",
    };
}
