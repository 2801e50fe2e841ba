using System.Collections.Concurrent;
using Dataplane.Control.Apply;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Dataplane.Control.Tests.Apply;

public sealed class UpkeepTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(1), Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public void ItLooksAgainAndAgainAndTellsWhatWasRepaired()
    {
        var log = new LogList();
        int looks = 0;
        using (new Upkeep(() => Interlocked.Increment(ref looks) is 2 or 3 ? ["rule 60", "route ::/0"] : [], Soon, log))
            Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref looks) >= 6, Patience));
        Assert.Equal(Enumerable.Repeat("Warning: put back what others had removed or changed on this node: rule 60; route ::/0", 2), log.Lines);
    }

    [Fact]
    public void AFailureIsToldAndItGoesOn()
    {
        var log = new LogList();
        int looks = 0;
        using (new Upkeep(() => Interlocked.Increment(ref looks) == 1 ? throw new InvalidOperationException("a bug") : [], Soon, log))
            Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref looks) >= 3, Patience));
        Assert.Equal("Error: looking after this node's rules and routes failed", Assert.Single(log.Lines));
    }

    [Fact]
    public void ItsEndWaitsForTheLookThatIsUnderWayAndIsTheLast()
    {
        int looks = 0, within = 0;
        for (int i = 0; i < 50; i++)
        {
            var upkeep = new Upkeep(
                () =>
                {
                    Interlocked.Increment(ref within);
                    Interlocked.Increment(ref looks);
                    Thread.Yield();
                    Interlocked.Decrement(ref within);
                    return [];
                },
                TimeSpan.Zero, new LogList());
            SpinWait.SpinUntil(() => Volatile.Read(ref looks) > i, Patience);
            upkeep.Dispose();
            int seen = Volatile.Read(ref looks);
            Assert.Equal(0, Volatile.Read(ref within));
            Thread.Sleep(1);
            Assert.Equal(seen, Volatile.Read(ref looks));
        }
    }

    private sealed class LogList : ILogger
    {
        private readonly ConcurrentQueue<string> _lines = [];

        public IReadOnlyCollection<string> Lines => _lines;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _lines.Enqueue($"{logLevel}: {formatter(state, exception)}");
    }
}
