namespace Dataplane.Cli.Output;

/// <summary>What a verb prints its answer as. The names are the values of -o.</summary>
internal enum OutputFormat
{
    /// <summary>For people: aligned columns.</summary>
    Table,

    /// <summary>Protobuf's JSON mapping, defaults included; lists are arrays, streams one object per line.</summary>
    Json,

    /// <summary>The same document as YAML; streams are several documents.</summary>
    Yaml,
}
