using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Dataplane.Kubernetes;

/// <summary>
/// Reads the documents of a YAML (or JSON) text one after the other. Works on the parser's events rather than its object
/// model: that keeps the place of every value, and refuses what would be silently misread (double keys, merge keys).
/// </summary>
public sealed class YamlDocuments
{
    private const int MaxDepth = 64, FewKeys = 16;

    private readonly Parser _parser;
    private readonly Dictionary<string, ObjectNode> _anchors = new(StringComparer.Ordinal);

    public YamlDocuments(TextReader text)
    {
        _parser = new Parser(text);
    }

    /// <summary>The next document that is not empty, or null at the end.</summary>
    /// <exception cref="ObjectException">The text is not YAML; nothing after it can be read.</exception>
    public ObjectNode? Next()
    {
        try
        {
            while (_parser.MoveNext())
            {
                if (_parser.Current is not DocumentStart)
                    continue;
                _anchors.Clear();
                _parser.MoveNext();
                var root = ReadNode(0);
                if (root.Kind != ObjectNodeKind.Null)
                    return root;
            }
            return null;
        }
        catch (YamlException e)
        {
            throw new ObjectException((int)e.Start.Line, (int)e.Start.Column, $"not YAML: {e.Message}");
        }
#pragma warning disable CA1031 // The library has other exceptions for some texts (a plain word that a flow collection's end should follow), and one bad file must not end the agent.
        catch (Exception e) when (e is not ObjectException)
#pragma warning restore CA1031
        {
            var at = _parser.Current?.End ?? Mark.Empty;
            throw new ObjectException((int)at.Line, (int)at.Column, "not YAML: cannot be read beyond this place; look for a bracket, brace or quote that is not closed");
        }
    }

    // On return the parser stands on the last event of the node.
    private ObjectNode ReadNode(int depth)
    {
        var current = _parser.Current!;
        int line = (int)current.Start.Line, column = (int)current.Start.Column;
        if (depth > MaxDepth)
            throw new ObjectException(line, column, $"nested more than {MaxDepth} deep");
        switch (current)
        {
            case Scalar scalar:
                return Keep(scalar, ReadScalar(scalar, line, column));
            case AnchorAlias alias:
                return _anchors.TryGetValue(alias.Value.Value, out var target)
                    ? target
                    : throw new ObjectException(line, column, $"*{alias.Value.Value} names no earlier value");
            case SequenceStart sequence:
                var list = ObjectNode.List(line, column);
                while (Move() is not SequenceEnd)
                    list.Elements.Add(ReadNode(depth + 1));
                return Keep(sequence, list);
            case MappingStart mapping:
                return Keep(mapping, ReadMap(ObjectNode.Map(line, column), depth));
            default:
                throw new ObjectException(line, column, "not YAML: a value is missing");
        }
    }

    private ObjectNode ReadMap(ObjectNode map, int depth)
    {
        HashSet<string>? seen = null;
        while (Move() is not MappingEnd)
        {
            int line = (int)_parser.Current!.Start.Line, column = (int)_parser.Current.Start.Column;
            if (_parser.Current is not Scalar key)
                throw new ObjectException(line, column, "a key must be a plain word");
            if (key.Value == "<<" && key.Style == ScalarStyle.Plain)
                throw new ObjectException(line, column, "merge keys (<<) are not read; write the fields out");
            // Most maps have a handful of keys, which are compared faster than hashed.
            if (seen is null && map.Fields.Count == FewKeys)
                seen = map.Fields.Select(field => field.Key.Text).ToHashSet(StringComparer.Ordinal);
            if (seen is not null ? !seen.Add(key.Value) : Holds(map, key.Value))
                throw new ObjectException(line, column, $"\"{key.Value}\" is set twice");
            Move();
            map.Fields.Add(new(ObjectNode.Scalar(ObjectNodeKind.String, key.Value, line, column), ReadNode(depth + 1)));
        }
        return map;
    }

    private static bool Holds(ObjectNode map, string key)
    {
        foreach (var field in map.Fields)
        {
            if (field.Key.Text == key)
                return true;
        }
        return false;
    }

    private static ObjectNode ReadScalar(Scalar scalar, int line, int column)
    {
        var isText = scalar.Style != ScalarStyle.Plain || (!scalar.Tag.IsEmpty && scalar.Tag.Value == "tag:yaml.org,2002:str");
        return isText
            ? ObjectNode.Scalar(ObjectNodeKind.String, scalar.Value, line, column)
            : YamlScalars.Resolve(scalar.Value, line, column);
    }

    private ParsingEvent Move() =>
        _parser.MoveNext() ? _parser.Current! : throw new ObjectException(0, 0, "not YAML: the text ends early");

    private ObjectNode Keep(NodeEvent source, ObjectNode node)
    {
        if (!source.Anchor.IsEmpty)
            _anchors[source.Anchor.Value] = node;
        return node;
    }
}
