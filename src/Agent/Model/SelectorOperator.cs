namespace Dataplane.Agent.Model;

/// <summary>Operators of a label selector (metav1.LabelSelectorOperator).</summary>
public enum SelectorOperator
{
    /// <summary>The key is there and its value is listed.</summary>
    In,

    /// <summary>The key is absent, or its value is not listed (P8).</summary>
    NotIn,

    /// <summary>The key is there.</summary>
    Exists,

    /// <summary>The key is absent.</summary>
    DoesNotExist,
}
