using Dataplane.Tables;
using Xunit;

namespace Dataplane.Tests.Tables;

/// <summary>X2: an even share for each endpoint, and few changes of choice when endpoints come and go.</summary>
public sealed class MaglevTableTests
{
    private static readonly ulong[] Names = [.. Enumerable.Range(0, 100).Select(i => 0x0af40000UL + (ulong)i)];

    [Fact]
    public void X2_TheDefaultSizeIsThatOfThePaperForSmallClusters() => Assert.Equal(16381, new MaglevTable([1]).Size);

    [Fact]
    public void X2_EveryEndpointHasNearlyTheSameShare()
    {
        int[] shares = Shares(new MaglevTable(Names));
        int fair = MaglevTable.DefaultSize / Names.Length;
        Assert.All(shares, share => Assert.InRange(share, fair - 2, fair + 2)); // one percent of 163
    }

    [Fact]
    public void X2_WhenAnEndpointGoesFewChoicesOfTheOthersChange()
    {
        var before = new MaglevTable(Names);
        int moved = 0, lost = 0;
        var without = new MaglevTable([.. Names[..40], .. Names[41..]]);
        foreach (ulong hash in Hashes())
        {
            int was = before.Find(hash), now = without.Find(hash);
            if (was == 40) lost++;
            else if ((now >= 40 ? now + 1 : now) != was) moved++;
        }
        Assert.InRange(lost, 1, Hashes().Count() / 50);
        Assert.InRange(moved, 0, Hashes().Count() / 50); // 2 percent; a modulo would move 99
    }

    [Fact]
    public void X2_NodesThatKnowTheSameEndpointsChooseAlike()
    {
        var here = new MaglevTable(Names);
        var there = new MaglevTable([.. Names]);
        Assert.All(Hashes(), hash => Assert.Equal(here.Find(hash), there.Find(hash)));
    }

    [Fact]
    public void RefusesWhatIsNoTable()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new MaglevTable([]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MaglevTable([1, 2], 16384));
        Assert.True(MaglevTable.IsPrime(65521));
        Assert.False(MaglevTable.IsPrime(65523));
    }

    // Every slot once, more or less.
    private static IEnumerable<ulong> Hashes() => Enumerable.Range(0, MaglevTable.DefaultSize).Select(i => (ulong)i * (ulong.MaxValue / MaglevTable.DefaultSize) + 1000);

    private static int[] Shares(MaglevTable table)
    {
        int[] shares = new int[Names.Length];
        foreach (ulong hash in Hashes()) shares[table.Find(hash)]++;
        return shares;
    }
}
