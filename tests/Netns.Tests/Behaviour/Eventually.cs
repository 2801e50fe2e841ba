using System.Diagnostics;
using Xunit;

namespace Dataplane.Netns.Tests.Behaviour;

/// <summary>For what takes effect a moment after it was asked for.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(5);

    /// <summary>Repeats a check until it holds, at most five seconds.</summary>
    internal static void True(Func<bool> check, string what) => True(check, () => what);

    /// <summary>The same with a description that says what was seen last.</summary>
    internal static void True(Func<bool> check, Func<string> what)
    {
        var clock = Stopwatch.StartNew();
        while (!check())
        {
            if (clock.Elapsed > Bound)
                Assert.Fail($"after {Bound.TotalSeconds} s still not: {what()}");
            Thread.Sleep(50);
        }
    }
}
