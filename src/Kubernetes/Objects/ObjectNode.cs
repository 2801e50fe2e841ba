namespace Dataplane.Kubernetes;

/// <summary>
/// A value of an object as text, with the place it was read from. Both sources (YAML files, and JSON of the API server)
/// produce this tree, and one reader per kind turns it into the model, so an object means the same from either.
/// </summary>
public sealed class ObjectNode
{
    // Most nodes are scalars, by the million.
    private static readonly List<ObjectNode> s_noElements = [];
    private static readonly List<KeyValuePair<ObjectNode, ObjectNode>> s_noFields = [];

    private ObjectNode(ObjectNodeKind kind, int line, int column)
    {
        Kind = kind;
        Line = line;
        Column = column;
    }

    /// <summary>What it is.</summary>
    public ObjectNodeKind Kind { get; }

    /// <summary>Line in its document, from 1.</summary>
    public int Line { get; }

    /// <summary>Column, from 1.</summary>
    public int Column { get; }

    /// <summary>The text of a scalar; empty otherwise.</summary>
    public string Text { get; private init; } = "";

    /// <summary>The elements of a list; empty otherwise.</summary>
    public List<ObjectNode> Elements { get; private init; } = s_noElements;

    /// <summary>The fields of a map in their order; empty otherwise.</summary>
    public List<KeyValuePair<ObjectNode, ObjectNode>> Fields { get; private init; } = s_noFields;

    /// <summary>Makes a scalar.</summary>
    public static ObjectNode Scalar(ObjectNodeKind kind, string text, int line, int column) =>
        new(kind, line, column) { Text = text };

    /// <summary>Makes a map; the caller fills <see cref="Fields"/>.</summary>
    public static ObjectNode Map(int line, int column) => new(ObjectNodeKind.Map, line, column) { Fields = [] };

    /// <summary>Makes a list; the caller fills <see cref="Elements"/>.</summary>
    public static ObjectNode List(int line, int column) => new(ObjectNodeKind.List, line, column) { Elements = [] };

    /// <summary>The value of a field of a map; null when the field is absent or null.</summary>
    public ObjectNode? Find(string field)
    {
        foreach (var (key, value) in Fields)
        {
            if (key.Text == field)
                return value.Kind == ObjectNodeKind.Null ? null : value;
        }
        return null;
    }

    /// <summary>What it is, in the words of an error message.</summary>
    public string Describe() => Kind switch
    {
        ObjectNodeKind.Null => "null",
        ObjectNodeKind.Map => "a map",
        ObjectNodeKind.List => "a list",
        ObjectNodeKind.String => $"the string \"{Text}\"",
        ObjectNodeKind.Boolean => $"the boolean {Text}",
        _ => $"the number {Text}",
    };
}
