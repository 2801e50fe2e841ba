using Dataplane.Agent.Model;

namespace Dataplane.Agent.Tests.Model;

/// <summary>The list against a plain sorted one, over random changes.</summary>
public class OrderedListTests
{
    private static readonly Comparison<Item> ByKey = (a, b) => a.Key.CompareTo(b.Key);

    [Theory]
    [InlineData(1, 30)]
    [InlineData(2, 300)]
    [InlineData(3, 5000)]
    public void Random_changes_give_what_a_sorted_dictionary_holds(int seed, int keys)
    {
        var random = new Random(seed);
        var plain = new SortedDictionary<int, Item>();
        var list = OrderedList<Item>.Of([], ByKey);
        for (var round = 0; round < 300; round++)
        {
            // Now and then everything changes, or everything goes.
            var count = random.Next(20) == 0 ? keys : random.Next(0, 6);
            var removed = Pick(random.Next(4) == 0 ? count : random.Next(0, 6));
            var added = Pick(count);
            var before = list;
            foreach (var item in removed)
                plain.Remove(item.Key);
            foreach (var item in added)
                plain[item.Key] = item;
            list = list.With(removed, added);
            Assert.Equal(plain.Values, list);
            Check(before, list);
        }

        List<Item> Pick(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(keys)).Distinct().Select(k => new Item(k))];

        void Check(OrderedList<Item> before, OrderedList<Item> after)
        {
            Assert.Equal(plain.Count, after.Count);
            for (var i = 0; i < after.Count; i += 1 + after.Count / 7)
                Assert.Same(plain.Values.ElementAt(i), after[i]);
            var from = random.Next(keys);
            Assert.Equal(plain.Values.Where(i => i.Key >= from), after.From(i => i.Key >= from));
            Assert.Equal(PlainChanges(before, after), Changes(before, after));
            // The same items in chunks of their own.
            Assert.Equal(PlainChanges(before, after), Changes(before, OrderedList<Item>.Of(after.Reverse(), ByKey)));
            Assert.Empty(Changes(after, OrderedList<Item>.Of(after, ByKey)));
        }
    }

    [Fact]
    public void A_change_of_one_among_many_allocates_little_and_shares_the_rest()
    {
        var list = OrderedList<Item>.Of(Enumerable.Range(0, 100_000).Select(i => new Item(2 * i)), ByKey);
        Item[] added = [new(77_777)];
        list.With([], added);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var next = list.With([], added);
        var changes = new List<Change<Item>>();
        OrderedList<Item>.Compare(list, next, changes);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal([new Change<Item>(null, added[0])], changes);
        // A copy of the references alone would be 800,000.
        Assert.True(allocated < 40_000, $"{allocated} bytes");
    }

    [Fact]
    public void Many_small_changes_do_not_leave_many_small_chunks()
    {
        var list = OrderedList<Item>.Of(Enumerable.Range(0, 10_000).Select(i => new Item(i)), ByKey);
        for (var i = 0; i < 10_000; i++)
        {
            if (i % 64 != 0)
                list = list.With([new(i)], []);
        }
        Assert.Equal(157, list.Count);
        Item[] added = [new(5)];
        var before = GC.GetAllocatedBytesForCurrentThread();
        list.With([], added);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 4_000);
    }

    [Fact]
    public void No_change_is_the_same_list()
    {
        var list = OrderedList<Item>.Of([new(1)], ByKey);
        Assert.Same(list, list.With([], []));
    }

    [Fact]
    public void An_index_outside_is_refused()
    {
        var list = OrderedList<Item>.Of([new(1)], ByKey);
        Assert.Throws<ArgumentOutOfRangeException>(() => list[1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => list[-1]);
    }

    private static List<Change<Item>> Changes(OrderedList<Item> before, OrderedList<Item> after)
    {
        var changes = new List<Change<Item>>();
        OrderedList<Item>.Compare(before, after, changes);
        return changes;
    }

    private static List<Change<Item>> PlainChanges(IEnumerable<Item> before, IEnumerable<Item> after)
    {
        var old = before.ToDictionary(i => i.Key);
        var next = after.ToDictionary(i => i.Key);
        return [.. old.Keys.Union(next.Keys).Order()
            .Select(k => new Change<Item>(old.GetValueOrDefault(k), next.GetValueOrDefault(k)))
            .Where(c => !ReferenceEquals(c.Before, c.After))];
    }

    private sealed class Item(int key)
    {
        public int Key { get; } = key;
    }
}
