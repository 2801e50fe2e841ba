using System.Text.RegularExpressions;

namespace Dataplane.Kubernetes;

/// <summary>
/// Tells the type of a plain YAML scalar by the rules of the API server's reader (YAML 1.1 words such as yes and off are
/// booleans), so that a manifest which kubectl refuses is refused here too.
/// </summary>
public static partial class YamlScalars
{
    public static ObjectNode Resolve(string text, int line, int column) => text switch
    {
        "" or "~" or "null" or "Null" or "NULL" => ObjectNode.Scalar(ObjectNodeKind.Null, text, line, column),
        "true" or "True" or "TRUE" or "yes" or "Yes" or "YES" or "on" or "On" or "ON" =>
            ObjectNode.Scalar(ObjectNodeKind.Boolean, "true", line, column),
        "false" or "False" or "FALSE" or "no" or "No" or "NO" or "off" or "Off" or "OFF" =>
            ObjectNode.Scalar(ObjectNodeKind.Boolean, "false", line, column),
        _ => ObjectNode.Scalar(KindOf(text), text, line, column),
    };

    private static ObjectNodeKind KindOf(string text)
    {
        // Most scalars start with a letter: spare them the expressions.
        if (!char.IsAsciiDigit(text[0]) && text[0] is not ('-' or '+' or '.'))
            return ObjectNodeKind.String;
        return Integer().IsMatch(text) ? ObjectNodeKind.Integer
            : Number().IsMatch(text) ? ObjectNodeKind.Float
            : ObjectNodeKind.String;
    }

    [GeneratedRegex("^[-+]?([0-9][0-9_]*|0x[0-9a-fA-F_]+|0o?[0-7_]+|0b[01_]+)$")]
    private static partial Regex Integer();

    [GeneratedRegex(@"^[-+]?((\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|\.(inf|Inf|INF)|\.(nan|NaN|NAN))$")]
    private static partial Regex Number();
}
