using Dataplane.Architecture.Tests.CSharp;

namespace Dataplane.Architecture.Tests.Rules;

/// <summary>What src/Dataplane may name: the kernel only in Workers, the outside world nowhere.</summary>
internal static class BorderRules
{
    private const string Core = "src/Dataplane/";
    private const string Workers = "src/Dataplane/Workers/";

    /// <summary>First words of namespaces of worlds the core knows nothing of.</summary>
    private static readonly string[][] ForeignNamespaces =
    [
        ["Google", ".", "Protobuf"], ["Grpc"], ["Prometheus"], ["k8s"], ["Kubernetes"], ["YamlDotNet"], ["Newtonsoft"],
        ["System", ".", "Text", ".", "Json"], ["System", ".", "Net", ".", "Http"], ["System", ".", "Net", ".", "Sockets"],
        ["System", ".", "CommandLine"], ["Microsoft", ".", "AspNetCore"], ["Microsoft", ".", "Extensions", ".", "Logging"],
        ["Dataplane", ".", "Contracts"], ["Dataplane", ".", "Control"], ["Dataplane", ".", "Agent"], ["Dataplane", ".", "Cli"],
    ];

    /// <summary>Types of System.IO, which is imported everywhere, and the console.</summary>
    private static readonly HashSet<string> FileTypes =
    [
        "File", "FileInfo", "FileStream", "Directory", "DirectoryInfo", "Path", "StreamReader", "StreamWriter", "BinaryReader",
        "BinaryWriter", "TextReader", "TextWriter", "FileSystemWatcher", "RandomAccess", "Console",
    ];

    public static IEnumerable<string> Violations(SourceFile file)
    {
        if (!file.Path.StartsWith(Core, StringComparison.Ordinal))
            yield break;
        bool inWorkers = file.Path.StartsWith(Workers, StringComparison.Ordinal);
        for (int i = 0; i < file.Code.Count; i++)
        {
            var token = file.Code[i];
            if (token.Kind != TokenKind.Word || file.Reads(i - 1, "."))
                continue;
            if (!inWorkers && file.Reads(i, "Xdp", ".", "Interop"))
                yield return $"{file.At(token)}: only Workers/ names Xdp.Interop";
            if (ForeignNamespaces.FirstOrDefault(name => file.Reads(i, name)) is { } foreign && !IsDeclaration(file, i))
                yield return $"{file.At(token)}: the core must not know {string.Concat(foreign)}";
            if (FileTypes.Contains(token.Text) && (file.Reads(i + 1, ".") || file.Reads(i - 1, "new")))
                yield return $"{file.At(token)}: the core must not use {token.Text}; files belong to Control";
        }
    }

    private static bool IsDeclaration(SourceFile file, int index) => file.Reads(index - 1, "namespace");
}
