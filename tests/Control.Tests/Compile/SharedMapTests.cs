using Dataplane.Control.Compile;
using Dataplane.Testing;
using Xunit;

namespace Dataplane.Control.Tests.Compile;

/// <summary>The map against a dictionary that is copied, over random edits.</summary>
public sealed class SharedMapTests
{
    [Theory]
    [InlineData(1, 20)]
    [InlineData(2, 3000)]
    public void HoldsWhatADictionaryHoldsAndTellsWhatChanged(int seed, int keys)
    {
        var random = new Random(seed);
        var map = SharedMap<int, string>.Empty;
        var model = new Dictionary<int, string>();
        for (int step = 0; step < 200; step++)
        {
            var (before, modelBefore) = (map, new Dictionary<int, string>(model));
            // Now and then nearly all of it goes, or all comes at once.
            int edits = random.Next(10) == 0 ? keys : random.Next(4);
            bool shrinks = random.Next(2) == 0;
            List<int> removed = [.. Enumerable.Range(0, shrinks ? edits : edits / 4).Select(_ => random.Next(keys) * 7)];
            List<KeyValuePair<int, string>> added = [.. Enumerable.Range(0, shrinks ? edits / 4 : edits).Select(_ => KeyValuePair.Create(random.Next(keys) * 7, $"{step}"))];
            map = map.With(removed, added);
            removed.ForEach(key => model.Remove(key));
            foreach (var (key, value) in added) model[key] = value;

            Assert.Equal(model.Count, map.Count);
            Assert.Equal(model.OrderBy(e => e.Key), map.OrderBy(e => e.Key));
            Assert.All(model, e => Assert.True(map.TryGetValue(e.Key, out string? value) && ReferenceEquals(value, e.Value)));
            Assert.False(map.ContainsKey(1));
            Assert.Equal(modelBefore.OrderBy(e => e.Key), before.OrderBy(e => e.Key)); // it is as it was
            var expected = modelBefore.Keys.Union(model.Keys)
                .Select(key => (Key: key, Before: modelBefore.GetValueOrDefault(key), After: model.GetValueOrDefault(key))).Where(c => !ReferenceEquals(c.Before, c.After));
            Assert.Equal(expected.OrderBy(c => c.Key), SharedMap<int, string>.Changes(before, map).OrderBy(c => c.Key));
        }
    }

    [Fact]
    public void AChangeAmongTenThousandCopiesLittle()
    {
        string[] values = ["a", "b"];
        var map = SharedMap<int, string>.Empty.With([], [.. Enumerable.Range(0, 10_000).Select(i => KeyValuePair.Create(i, values[0]))]);
        int next = 0;
        // The list of shards, and one of them; a dictionary of ten thousand has some 400,000 bytes.
        Assert.InRange(Allocations.Least(() => map = map.With([], [KeyValuePair.Create(next++, values[1])])), 1, 12_000);
    }
}
