using Dataplane.Architecture.Tests.CSharp;

namespace Dataplane.Architecture.Tests.Rules;

/// <summary>A test says what it needs and is skipped where that is missing; it is never switched off.</summary>
internal static class SkipRules
{
    /// <summary>Finds Skip as an attribute's argument; an attribute class that decides at run time assigns it in its constructor.</summary>
    public static IEnumerable<string> Violations(SourceFile file)
    {
        for (int i = 1; i < file.Code.Count; i++)
            if (file.Reads(i, "Skip", "=") && (file.Reads(i - 1, "(") || file.Reads(i - 1, ",")))
                yield return $"{file.At(file.Code[i])}: a test that is switched off; repair it, or state its need with an attribute that looks";
    }
}
