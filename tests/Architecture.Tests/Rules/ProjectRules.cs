using System.Xml.Linq;

namespace Dataplane.Architecture.Tests.Rules;

/// <summary>What a project file may say.</summary>
internal static class ProjectRules
{
    /// <summary>References run one way; a new project has to be entered here.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Xdp.Interop"] = [],
        ["Control.Contracts"] = [],
        ["Dataplane"] = ["Xdp.Interop"],
        ["Control"] = ["Dataplane", "Control.Contracts"],
        ["Kubernetes"] = [],
        ["Agent"] = ["Control.Contracts", "Kubernetes"],
        ["Cli"] = ["Control.Contracts", "Kubernetes"],
        ["Cni"] = ["Control.Contracts"],
    };

    /// <summary>Packages of the hot core: what is not here would bring its own threads, formats or allocations.</summary>
    private static readonly string[] CorePackages = ["Microsoft.Extensions.ObjectPool"];

    public static IEnumerable<string> Violations(string path, string text)
    {
        var project = XDocument.Parse(text);
        string name = Path.GetFileNameWithoutExtension(path);
        bool ofProduct = path.StartsWith("src/", StringComparison.Ordinal);
        if (ofProduct && !Allowed.ContainsKey(name))
            yield return $"{path}: an unknown project; enter it and what it may reference in ProjectRules";

        foreach (string reference in Values(project, "ProjectReference").Select(value => Path.GetFileNameWithoutExtension(value.Replace('\\', '/'))))
            if (ofProduct && Allowed.TryGetValue(name, out var allowed) && !allowed.Contains(reference))
                yield return $"{path}: {name} must not reference {reference}; it may reference {(allowed.Length == 0 ? "nothing of ours" : string.Join(", ", allowed))}";

        if (path is "src/Dataplane/Dataplane.csproj" or "src/Xdp.Interop/Xdp.Interop.csproj")
            foreach (string package in Values(project, "PackageReference").Concat(Values(project, "FrameworkReference")).Except(CorePackages))
                yield return $"{path}: the core must not use {package}";

        if (name != "Xdp.Interop" && project.Descendants("AllowUnsafeBlocks").Any(element => !element.Value.Trim().Equals("false", StringComparison.OrdinalIgnoreCase)))
            yield return $"{path}: AllowUnsafeBlocks belongs to Xdp.Interop alone";

        foreach (var package in project.Descendants("PackageReference").Where(element => element.Attribute("Version") is not null || element.Element("Version") is not null))
            yield return $"{path}: the version of {package.Attribute("Include")?.Value} belongs in Directory.Packages.props";
    }

    private static IEnumerable<string> Values(XDocument project, string element) =>
        project.Descendants(element).Select(reference => reference.Attribute("Include")?.Value ?? "");
}
