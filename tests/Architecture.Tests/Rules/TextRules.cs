using System.Text.RegularExpressions;

namespace Dataplane.Architecture.Tests.Rules;

/// <summary>What no tracked text may hold: places of one developer's machine, hosts of package registries, unfinished work.</summary>
internal static partial class TextRules
{
    /// <summary>Hosts that documentation, licences, schemas and examples name. Packages come from whatever the machine is set up for.</summary>
    private static readonly string[] KnownHosts =
    [
        "github.com", "apache.org", "ietf.org", "rfc-editor.org", "kernel.org", "iana.org", "kubernetes.io", "k8s.io",
        "microsoft.com", "dot.net", "grpc.io", "prometheus.io", "grafana.com", "freedesktop.org", "debian.org", "cilium.io", "kubernetes.default.svc",
        "example.com", "example.org", "wireshark.org", "tcpdump.org", "w3.org",
    ];

    private static readonly HashSet<string> TextExtensions =
    [
        "", ".cs", ".csproj", ".props", ".targets", ".sln", ".json", ".yaml", ".yml", ".md", ".sh", ".c", ".h", ".py", ".js", ".proto",
        ".txt", ".editorconfig", ".gitignore", ".config", ".service", ".tpl", ".mod", ".go", ".run", ".toml",
    ];

    private static readonly HashSet<string> RegistryFiles = ["nuget.config", ".npmrc", "pip.conf", ".pypirc", ".netrc", "sources.list"];

    public static bool IsText(string path) => TextExtensions.Contains(Path.GetExtension(path)) || path.StartsWith('.');

    public static IEnumerable<string> Violations(string path, string text)
    {
        if (RegistryFiles.Contains(Path.GetFileName(path).ToLowerInvariant()))
            yield return $"{path}: where packages come from is the machine's business";
        int number = 0;
        foreach (string line in text.Split('\n'))
        {
            number++;
            if (MachinePath().Match(line) is { Success: true } place)
                yield return $"{path}:{number}: {place.Value.Trim()} exists on one machine only";
            foreach (Match url in Url().Matches(line))
                if (!IsKnown(url.Groups["host"].Value))
                    yield return $"{path}:{number}: {url.Value}: an unknown host; registries do not belong here, others belong in TextRules";
            if (Unfinished().Match(line) is { Success: true } mark)
                yield return $"{path}:{number}: {mark.Value}: finish it, or describe it where users look";
        }
    }

    // A name without a dot is a service in a cluster, or localhost.
    private static bool IsKnown(string host) =>
        !host.Contains('.', StringComparison.Ordinal) || IpLiteral().IsMatch(host) || KnownHosts.Any(known => host == known || host.EndsWith("." + known, StringComparison.Ordinal));

    [GeneratedRegex(@"(?<![\w.])(/root|/home/\w+|/Users/\w+)(/|\b)")]
    private static partial Regex MachinePath();

    // A host that is computed ("http://{address}", "http://$IP") is not written down.
    [GeneratedRegex(@"(?:https?|git|ssh)://(?:[^\s/@""']+@)?(?<host>[A-Za-z0-9][A-Za-z0-9.-]*)")]
    private static partial Regex Url();

    [GeneratedRegex(@"^(\d{1,3}\.){3}\d{1,3}$")]
    private static partial Regex IpLiteral();

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b|\bNotImplementedException\b")]
    private static partial Regex Unfinished();
}
