using System.Globalization;
using Dataplane.Agent.Model;

namespace Dataplane.Agent.Objects;

/// <summary>Reads metadata, and the label maps and selectors that several kinds share.</summary>
internal static class MetaReader
{
    /// <summary>Reads metadata; a namespaced object without a namespace is in "default", as kubectl has it.</summary>
    public static ObjectMeta Read(ObjectField root, bool namespaced)
    {
        var metadata = root["metadata"].Required();
        var nameField = metadata["name"].Required();
        var name = nameField.Text();
        if (!Syntax.IsSubdomain(name))
            throw nameField.Fail($"\"{name}\" is not a valid object name");
        var ns = "";
        if (namespaced)
        {
            var nsField = metadata["namespace"];
            ns = nsField.Text();
            if (ns.Length == 0)
                ns = "default";
            else if (!Syntax.IsDnsLabel(ns))
                throw nsField.Fail($"\"{ns}\" is not a valid namespace name");
        }
        return new ObjectMeta(
            ns, name, ReadLabels(metadata["labels"]),
            ReadTime(metadata["creationTimestamp"]), ReadTime(metadata["deletionTimestamp"]) is not null);
    }

    /// <summary>An annotation's text with its field; the field is absent when the annotation is.</summary>
    public static ObjectField Annotation(ObjectField root, string key)
    {
        // Not the indexer's path rules: annotation keys hold dots.
        return root["metadata"]["annotations"][key];
    }

    /// <summary>Reads a map of labels.</summary>
    public static LabelSet ReadLabels(ObjectField field)
    {
        var labels = new List<KeyValuePair<string, string>>();
        foreach (var (key, value) in field.Pairs())
        {
            CheckKey(value, key);
            labels.Add(new(key, ReadValue(value)));
        }
        return LabelSet.Of(labels);
    }

    /// <summary>Reads a plain map as a selector (Service.spec.selector).</summary>
    public static LabelSelector ReadMapSelector(ObjectField field) => new(MapRequirements(field));

    /// <summary>Reads a metav1.LabelSelector; null when absent.</summary>
    public static LabelSelector? ReadSelector(ObjectField field)
    {
        if (!field.AsMap().Exists)
            return null;
        var requirements = MapRequirements(field["matchLabels"]);
        foreach (var expression in field["matchExpressions"].Elements())
            requirements.Add(ReadExpression(expression));
        return new LabelSelector(requirements);
    }

    private static SelectorRequirement ReadExpression(ObjectField expression)
    {
        var keyField = expression["key"].Required();
        CheckKey(keyField, keyField.Text());
        var op = expression["operator"].Required();
        var parsed = op.Text() switch
        {
            "In" => SelectorOperator.In,
            "NotIn" => SelectorOperator.NotIn,
            "Exists" => SelectorOperator.Exists,
            "DoesNotExist" => SelectorOperator.DoesNotExist,
            var other => throw op.Fail($"unknown operator \"{other}\" (In, NotIn, Exists or DoesNotExist)"),
        };
        var valuesField = expression["values"];
        var values = valuesField.Elements().Select(ReadValue).Distinct().Order(StringComparer.Ordinal).ToArray();
        if (parsed is SelectorOperator.In or SelectorOperator.NotIn)
        {
            if (values.Length == 0)
                throw valuesField.Fail($"must not be empty with operator {parsed}");
        }
        else if (values.Length != 0)
        {
            throw valuesField.Fail($"must be empty with operator {parsed}");
        }
        return new SelectorRequirement(keyField.Text(), parsed, values);
    }

    private static List<SelectorRequirement> MapRequirements(ObjectField field)
    {
        var requirements = new List<SelectorRequirement>();
        foreach (var (key, value) in field.Pairs())
        {
            CheckKey(value, key);
            requirements.Add(new SelectorRequirement(key, SelectorOperator.In, [ReadValue(value)]));
        }
        return requirements;
    }

    private static void CheckKey(ObjectField field, string key)
    {
        if (!Syntax.IsLabelKey(key))
            throw field.Fail($"\"{key}\" is not a valid label key");
    }

    private static string ReadValue(ObjectField field)
    {
        // A label without a value (null) is the empty string, as the API server decodes it.
        var text = field.Text();
        return Syntax.IsLabelValue(text) ? text : throw field.Fail($"\"{text}\" is not a valid label value");
    }

    private static DateTimeOffset? ReadTime(ObjectField field)
    {
        var text = field.OptionalText();
        if (text is null)
            return null;
        return DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : throw field.Fail($"\"{text}\" is not a time (RFC 3339)");
    }
}
