namespace Dataplane.Agent.Model;

/// <summary>A label selector: all conditions must hold; no condition matches everything (P8). Compared by content.</summary>
public sealed class LabelSelector : IEquatable<LabelSelector>
{
    /// <summary>Matches everything.</summary>
    public static readonly LabelSelector Everything = new([]);

    private readonly SelectorRequirement[] _requirements;
    private readonly string _text;

    /// <summary>Makes a selector of conditions in any order; matchLabels are In with one value.</summary>
    public LabelSelector(IEnumerable<SelectorRequirement> requirements)
    {
        _requirements = [.. requirements.OrderBy(r => r.ToString(), StringComparer.Ordinal)];
        _text = string.Join(',', _requirements.Select(r => r.ToString()));
    }

    /// <summary>The conditions, in a fixed order.</summary>
    public IReadOnlyList<SelectorRequirement> Requirements => _requirements;

    /// <summary>True when every condition holds.</summary>
    public bool Matches(LabelSet labels)
    {
        foreach (var requirement in _requirements)
        {
            if (!requirement.Matches(labels))
                return false;
        }
        return true;
    }

    /// <inheritdoc/>
    public bool Equals(LabelSelector? other) => other is not null && other._text == _text;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as LabelSelector);

    /// <inheritdoc/>
    public override int GetHashCode() => _text.GetHashCode(StringComparison.Ordinal);

    /// <summary>Text that is equal for equal selectors; empty: everything.</summary>
    public override string ToString() => _text;
}
