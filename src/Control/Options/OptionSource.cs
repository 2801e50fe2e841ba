namespace Dataplane.Control.Options;

/// <summary>Where the value of an option came from; a later one wins over an earlier one.</summary>
public enum OptionSource
{
    /// <summary>The built-in default.</summary>
    Default,

    /// <summary>The file named by --config.</summary>
    File,

    /// <summary>The command line.</summary>
    Flag,
}
