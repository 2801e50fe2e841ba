using Dataplane.Architecture.Tests.CSharp;

namespace Dataplane.Architecture.Tests.Rules;

/// <summary>Size and shape of source files.</summary>
internal static class FileRules
{
    public const int MaxLines = 400;

    /// <summary>What a source generator completes has to be partial, in the one file it is written in.</summary>
    private static readonly HashSet<string> GeneratorAttributes = ["LibraryImport", "GeneratedRegex", "JsonSerializable", "JsonSourceGenerationOptions"];

    public static IEnumerable<string> Violations(SourceFile file)
    {
        if (file.LineCount >= MaxLines)
            yield return $"{file.Path}: {file.LineCount} lines; fewer than {MaxLines} keep one idea per file";

        var topLevel = file.Types.FindAll(type => type.IsTopLevel);
        if (topLevel.Count > 1)
            yield return $"{file.Path}: declares {string.Join(", ", topLevel.Select(type => type.Name))}; one type per file";
        if (topLevel.Count == 1 && Path.GetFileNameWithoutExtension(file.Path) is var name && name != topLevel[0].Name && name != "Program")
            yield return $"{file.Path}: holds {topLevel[0].Name}; call the file {topLevel[0].Name}.cs";

        bool completed = file.Code.Exists(token => token.Kind == TokenKind.Word && GeneratorAttributes.Contains(token.Text));
        foreach (var type in file.Types.Where(type => type.IsPartial && !completed))
            yield return $"{file.Path}:{type.Line}: {type.Name} is partial; split it by ideas instead";
        foreach (var type in topLevel.Where(type => !type.IsDocumented))
            yield return $"{file.Path}:{type.Line}: {type.Name} has no sentence that says what it is";
    }
}
