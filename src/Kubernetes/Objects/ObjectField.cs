using System.Globalization;

namespace Dataplane.Kubernetes;

/// <summary>
/// A field that may be absent, with its path: reads typed values strictly and fails with the place and the reason.
/// Unknown fields are never looked at, so they are ignored, as the API server would keep them for others.
/// </summary>
public readonly struct ObjectField
{
    private readonly ObjectNode? _node;
    private readonly ObjectNode _at;

    private ObjectField(ObjectNode? node, ObjectNode at, string path)
    {
        _node = node;
        _at = at;
        Path = path;
    }

    /// <summary>Where it is: "spec.ports[0].port".</summary>
    public string Path { get; }

    /// <summary>The value itself; where the field is absent, the map that would hold it.</summary>
    public ObjectNode Node => _node ?? _at;

    /// <summary>False when the field is absent or null.</summary>
    public bool Exists => _node is not null;

    /// <summary>The object itself as a field.</summary>
    public static ObjectField Root(ObjectNode node) => new(node, node, "");

    /// <summary>A field of a map; of an absent map it is absent too.</summary>
    public ObjectField this[string name]
    {
        get
        {
            if (_node is not null && _node.Kind != ObjectNodeKind.Map)
                throw Expected("a map");
            return new ObjectField(_node?.Find(name), _node ?? _at, Path.Length == 0 ? name : $"{Path}.{name}");
        }
    }

    /// <summary>An error at this field (or where it ought to be).</summary>
    public ObjectException Fail(string reason)
    {
        var place = _node ?? _at;
        return new ObjectException(place.Line, place.Column, Path.Length == 0 ? reason : $"{Path}: {reason}");
    }

    /// <summary>This field, or an error when it is absent.</summary>
    public ObjectField Required() => Exists ? this : throw Fail("is required");

    /// <summary>Text, or null when absent.</summary>
    public string? OptionalText()
    {
        if (_node is null)
            return null;
        if (_node.Kind == ObjectNodeKind.String)
            return _node.Text;
        throw _node.Kind is ObjectNodeKind.Map or ObjectNodeKind.List
            ? Expected("a string")
            : Fail($"wants a string, found {_node.Describe()}; put it in quotes");
    }

    /// <summary>Text, or <paramref name="absent"/>.</summary>
    public string Text(string absent = "") => OptionalText() ?? absent;

    /// <summary>true or false, or null when absent.</summary>
    public bool? OptionalBoolean() =>
        _node is null ? null
        : _node.Kind == ObjectNodeKind.Boolean ? _node.Text is "true"
        : throw Expected("true or false");

    /// <summary>A whole number within bounds, or null when absent.</summary>
    public int? OptionalInteger(int least, int most, string what)
    {
        if (_node is null)
            return null;
        if (_node.Kind != ObjectNodeKind.Integer)
            throw Expected("a whole number");
        // Other YAML readers take 010 for eight: no guess is better than a wrong one.
        if ((_node.Text.Length > 1 && _node.Text[0] == '0')
            || !int.TryParse(_node.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            || value < least || value > most)
            throw Fail($"{_node.Text} is not {what} ({least} to {most})");
        return value;
    }

    /// <summary>A port number, or null when absent.</summary>
    public ushort? OptionalPort() => (ushort?)OptionalInteger(1, 65535, "a port");

    /// <summary>A port by number or name, or null when absent.</summary>
    public PortReference? OptionalPortReference()
    {
        if (_node is null)
            return null;
        if (_node.Kind == ObjectNodeKind.Integer)
            return new PortReference(OptionalPort()!.Value, null);
        if (_node.Kind != ObjectNodeKind.String)
            throw Expected("a port number or a port name");
        if (!Syntax.IsPortName(_node.Text))
            throw Fail($"\"{_node.Text}\" is neither a port number (without quotes) nor a port name (at most 15 of a-z, 0-9 and -, with a letter)");
        return new PortReference(0, _node.Text);
    }

    /// <summary>A protocol; TCP when absent (P14).</summary>
    public Protocol Protocol() => OptionalText() switch
    {
        null or "" or "TCP" => Kubernetes.Protocol.Tcp,
        "UDP" => Kubernetes.Protocol.Udp,
        "SCTP" => Kubernetes.Protocol.Sctp,
        var other => throw Fail($"unknown protocol \"{other}\" (TCP, UDP or SCTP)"),
    };

    /// <summary>An address.</summary>
    public IpAddress Address() =>
        IpAddress.TryParse(Required().OptionalText(), out var address)
            ? address
            : throw Fail($"\"{Text()}\" is not an IP address");

    /// <summary>An address that packets may have as their destination: not loopback, link-local, multicast or unspecified.</summary>
    public IpAddress OrdinaryAddress() =>
        Address() is var address && address.Special is not { } special
            ? address
            : throw Fail($"{address} is {special}; give one that other machines can reach");

    /// <summary>A CIDR; host bits are cleared.</summary>
    /// <param name="trimmed">Spaces around it are dropped.</param>
    public IpPrefix Prefix(bool trimmed = false)
    {
        var text = Required().OptionalText();
        return IpPrefix.TryParse(trimmed ? text?.Trim() : text, out var prefix)
            ? prefix
            : throw Fail($"\"{text}\" is not a CIDR (address/length)");
    }

    /// <summary>One of some words, or the first of them when the field is absent or empty.</summary>
    public int Choice(string what, params ReadOnlySpan<string> words)
    {
        var text = Text();
        var index = text.Length == 0 ? 0 : words.IndexOf(text);
        return index >= 0 ? index : throw Fail($"unknown {what} \"{text}\" ({string.Join(", ", words[..^1])} or {words[^1]})");
    }

    /// <summary>The elements of a list; empty when absent. A null element is an error: it would silently mean "anything".</summary>
    public List<ObjectField> Elements()
    {
        var elements = new List<ObjectField>();
        if (_node is null)
            return elements;
        if (_node.Kind != ObjectNodeKind.List)
            throw Expected("a list");
        for (var i = 0; i < _node.Elements.Count; i++)
        {
            var element = _node.Elements[i];
            var field = new ObjectField(element, element, $"{Path}[{i}]");
            if (element.Kind == ObjectNodeKind.Null)
                throw field.Fail("is null; write {} for an empty element");
            elements.Add(field);
        }
        return elements;
    }

    /// <summary>The pairs of a map of strings with the field of each; empty when absent.</summary>
    public List<(string Key, ObjectField Value)> Pairs()
    {
        var pairs = new List<(string, ObjectField)>();
        if (_node is null)
            return pairs;
        if (_node.Kind != ObjectNodeKind.Map)
            throw Expected("a map");
        foreach (var (key, value) in _node.Fields)
            pairs.Add((key.Text, new ObjectField(value, key, $"{Path}[{key.Text}]")));
        return pairs;
    }

    /// <summary>The field must be a map when it is there (an empty one is fine).</summary>
    public ObjectField AsMap() => _node is null || _node.Kind == ObjectNodeKind.Map ? this : throw Expected("a map");

    private ObjectException Expected(string what) => Fail($"wants {what}, found {_node!.Describe()}");
}
