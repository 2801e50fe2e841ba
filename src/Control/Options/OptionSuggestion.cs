namespace Dataplane.Control.Options;

/// <summary>Guesses which option a mistyped name was meant to be.</summary>
internal static class OptionSuggestion
{
    /// <summary>The nearest key, or null when none is near.</summary>
    public static string? For(string name)
    {
        string best = "";
        int bestDistance = int.MaxValue;
        // camelCase, snake_case and case are the usual slips: they count for nothing.
        string wanted = Fold(name);
        foreach (var definition in OptionTable.All)
        {
            int distance = Distance(wanted, Fold(definition.Key));
            if (distance < bestDistance)
                (best, bestDistance) = (definition.Key, distance);
        }
        return bestDistance <= Math.Max(1, wanted.Length / 3) ? best : null;
    }

    private static string Fold(string name) => name.Replace("-", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();

    // Levenshtein's distance, where two neighbours that changed places count as one slip.
    private static int Distance(string a, string b)
    {
        int[,] distances = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    distances[i, j] = i + j;
                    continue;
                }
                int best = distances[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                best = Math.Min(best, Math.Min(distances[i - 1, j], distances[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    best = Math.Min(best, distances[i - 2, j - 2] + 1);
                distances[i, j] = best;
            }
        }
        return distances[a.Length, b.Length];
    }
}
