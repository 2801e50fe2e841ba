using Dataplane.Architecture.Tests.CSharp;

namespace Dataplane.Architecture.Tests.Rules;

/// <summary>What a test class holds is given back: xunit 2 calls IDisposable and IAsyncLifetime, and passes over IAsyncDisposable.</summary>
internal static class DisposalRules
{
    /// <summary>Finds test classes, by the end of their names, that name IAsyncDisposable as their only base.</summary>
    public static IEnumerable<string> Violations(SourceFile file)
    {
        for (int i = 2; i < file.Code.Count; i++)
            if (file.Reads(i, "IAsyncDisposable") && file.Reads(i - 1, ":") && file.Code[i - 2].Text.EndsWith("Tests", StringComparison.Ordinal))
                yield return $"{file.At(file.Code[i])}: never disposed of by xunit; derive from AsyncDisposableTest";
    }
}
