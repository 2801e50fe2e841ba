namespace Dataplane.Testing;

/// <summary>Measures what code allocates on its own thread.</summary>
public static class Allocations
{
    private const int Rounds = 5;

    /// <summary>
    /// The least that a round of <paramref name="work"/> allocated, bytes. In some round the runtime may allocate for itself, when it
    /// replaces code that has become hot; what the code allocates shows in all of them.
    /// </summary>
    public static long Least(Action work)
    {
        long least = long.MaxValue;
        for (int round = 0; round < Rounds && least != 0; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            work();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        return least;
    }
}
