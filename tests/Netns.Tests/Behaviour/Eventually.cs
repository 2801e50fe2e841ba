using System.Diagnostics;
using Xunit;

namespace Dataplane.Netns.Tests.Behaviour;

/// <summary>For what takes effect a moment after it was asked for.</summary>
internal static class Eventually
{
    /// <summary>Repeats a check until it holds, at most five seconds.</summary>
    internal static void True(Func<bool> check, string what) => True(check, () => what);

    /// <summary>The same with a description that says what was seen last.</summary>
    /// <param name="check">What is to hold.</param>
    /// <param name="what">For the message.</param>
    /// <param name="patience">Seconds, where five are too few.</param>
    internal static void True(Func<bool> check, Func<string> what, int patience = 5)
    {
        var bound = TimeSpan.FromSeconds(patience);
        var clock = Stopwatch.StartNew();
        while (!check())
        {
            if (clock.Elapsed > bound)
                Assert.Fail($"after {bound.TotalSeconds} s still not: {what()}");
            Thread.Sleep(50);
        }
    }
}
