namespace Dataplane.Kubernetes;

/// <summary>Name rules of the API (k8s.io/apimachinery validation).</summary>
public static class Syntax
{
    /// <summary>A DNS-1123 subdomain: names of most objects.</summary>
    public static bool IsSubdomain(string text) =>
        text.Length is > 0 and <= 253 && text.Split('.').All(IsDnsPart);

    /// <summary>A DNS-1123 label: names of namespaces and services.</summary>
    public static bool IsDnsLabel(string text) => text.Length <= 63 && IsDnsPart(text);

    /// <summary>IANA_SVC_NAME: the port names that selectors and target ports may use.</summary>
    public static bool IsPortName(string text) =>
        text.Length is > 0 and <= 15 && IsDnsPart(text) && text.Any(char.IsAsciiLetterLower) && !text.Contains("--", StringComparison.Ordinal);

    /// <summary>A label key: an optional DNS prefix and a name.</summary>
    public static bool IsLabelKey(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash >= 0 && !IsSubdomain(text[..slash]))
            return false;
        var name = text[(slash + 1)..];
        return name.Length > 0 && IsLabelValue(name);
    }

    /// <summary>A label value: empty, or at most 63 letters, digits, - _ . between letters or digits.</summary>
    public static bool IsLabelValue(string text) =>
        text.Length == 0
        || (text.Length <= 63 && char.IsAsciiLetterOrDigit(text[0]) && char.IsAsciiLetterOrDigit(text[^1])
            && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'));

    private static bool IsDnsPart(string text) =>
        text.Length > 0 && text[0] != '-' && text[^1] != '-'
        && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');
}
