namespace Dataplane.Kubernetes;

/// <summary>JSON's types; YAML scalars are told apart as the API server's YAML reader does.</summary>
public enum ObjectNodeKind
{
    /// <summary>null, ~ or nothing: the same as an absent field.</summary>
    Null,

    /// <summary>true or false.</summary>
    Boolean,

    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>A number with a fraction or an exponent.</summary>
    Float,

    /// <summary>Text.</summary>
    String,

    /// <summary>Key and value pairs.</summary>
    Map,

    /// <summary>A sequence.</summary>
    List,
}
