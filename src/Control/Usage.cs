using Dataplane.Control.Options;

/// <summary>What <c>dataplane --help</c> prints.</summary>
internal static class Usage
{
    /// <summary>The text.</summary>
    public static string Text { get; } =
        "usage: dataplane run [--config FILE] [--KEY VALUE ...]\n       dataplane cleanup [kube-proxy]     what an ended dataplane, or kube-proxy, left on the node; see cleanup --help\n       dataplane version\n\n" +
        $"  --{"config",-22} [file] YAML or JSON with these options as keys; a flag wins over it (default none)\n" +
        string.Join('\n', OptionTable.All.Select(o => $"  --{o.Key,-22} [{o.Unit}] {o.Doc}{(o.Default is { Length: > 0 } d ? $" (default {d})" : o.Default is null ? " (required)" : "")}"));
}
