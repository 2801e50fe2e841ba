using Dataplane.Control.Apply;
using Xdp.Interop;
using Xunit;

namespace Dataplane.Control.Tests.Apply;

public sealed class MirroredMapTests
{
    private readonly Dictionary<int, int> _map = [];
    private readonly List<string> _calls = [];
    private int _room = int.MaxValue;

    [Fact]
    public void OnlyDifferencesAreWrittenAndAdditionsComeFirst()
    {
        var mirror = Mirror((1, 10), (2, 20), (3, 30));
        Assert.Empty(Apply(mirror, (2, 20), (3, 31), (4, 40)).Left);
        Assert.Equal(["3=31", "4=40", "-1"], _calls);
        Assert.Equal(new() { [2] = 20, [3] = 31, [4] = 40 }, _map);
        Assert.Equal(3, mirror.Count);
    }

    [Fact]
    public void TheSameAgainCallsNothing()
    {
        var mirror = Mirror();
        Apply(mirror, (1, 10), (2, 20));
        _calls.Clear();
        Assert.Empty(Apply(mirror, (2, 20), (1, 10)).Left);
        Assert.Empty(_calls);
    }

    [Fact]
    public void NothingWantedEmptiesTheMap()
    {
        var mirror = Mirror((1, 10), (2, 20));
        Apply(mirror);
        Assert.Empty(_map);
    }

    [Fact]
    public void AFullMapKeepsWhatIsThereAndTellsWhatDidNotFit()
    {
        var mirror = Mirror((1, 10), (2, 20));
        _room = 3;
        var (left, why) = Apply(mirror, (1, 10), (2, 20), (3, 30), (4, 40), (5, 50));
        Assert.Equal([4, 5], left);
        Assert.Equal(Errno.E2BIG, why);
        Assert.Equal(new() { [1] = 10, [2] = 20, [3] = 30 }, _map);
        Assert.DoesNotContain(_calls, call => call.StartsWith('-'));

        // Room comes back: only what was left is written.
        _calls.Clear();
        _room = 5;
        Assert.Empty(Apply(mirror, (1, 10), (2, 20), (3, 30), (4, 40), (5, 50)).Left);
        Assert.Equal(["4=40", "5=50"], _calls);
    }

    [Fact]
    public void InAFullMapStaleEntriesMakeRoomForNewOnes()
    {
        var mirror = Mirror((1, 10), (2, 20), (3, 30));
        _room = 3;
        Assert.Empty(Apply(mirror, (3, 30), (4, 40), (5, 50)).Left);
        Assert.Equal(new() { [3] = 30, [4] = 40, [5] = 50 }, _map);
    }

    [Fact]
    public void AFullMapStillTakesANewValue()
    {
        var mirror = Mirror((1, 10), (2, 20));
        _room = 2;
        Assert.Equal([3], Apply(mirror, (3, 30), (1, 11), (2, 20)).Left);
        Assert.Equal(new() { [1] = 11, [2] = 20 }, _map);
    }

    [Fact]
    public void AfterAnotherFailureTheNextCallContinues()
    {
        var mirror = Mirror((1, 10));
        _room = -1;
        Assert.Equal(Errno.EPERM, Assert.Throws<XdpException>(() => Apply(mirror, (2, 20))).Errno);
        Assert.Equal(new() { [1] = 10 }, _map);
        _room = 9;
        Apply(mirror, (2, 20));
        Assert.Equal(new() { [2] = 20 }, _map);
    }

    [Fact]
    public void RandomChangesAlwaysEndInWhatIsWanted()
    {
        var random = new Random(4711);
        var mirror = Mirror();
        for (int round = 0; round < 500; round++)
        {
            _room = random.Next(1, 12);
            while (_map.Count > _room) Apply(mirror); // a map does not shrink
            var wanted = Enumerable.Range(0, 12).Where(_ => random.Next(2) == 0).Select(key => (key, random.Next(3))).ToArray();
            var (left, _) = Apply(mirror, wanted);
            Assert.Equal(Math.Max(0, wanted.Length - _room), left.Count);
            Assert.Equal(wanted.Where(w => !left.Contains(w.key)).Order(), _map.Select(entry => (entry.Key, entry.Value)).Order());
        }
    }

    private MirroredMap<int, int> Mirror(params (int Key, int Value)[] there)
    {
        foreach (var (key, value) in there) _map[key] = value;
        return new MirroredMap<int, int>(Update, Delete, _map);
    }

    private (List<int> Left, Errno Why) Apply(MirroredMap<int, int> mirror, params (int Key, int Value)[] wanted)
    {
        var values = wanted.ToDictionary(w => w.Key, w => w.Value);
        return mirror.Apply([.. wanted.Select(w => w.Key)], values.TryGetValue);
    }

    private void Update(int key, int value)
    {
        if (_room < 0) throw new XdpException("update", Errno.EPERM);
        if (!_map.ContainsKey(key) && _map.Count >= _room) throw new XdpException("update", Errno.E2BIG);
        _calls.Add($"{key}={value}");
        _map[key] = value;
    }

    private void Delete(int key)
    {
        _calls.Add($"-{key}");
        Assert.True(_map.Remove(key));
    }
}
