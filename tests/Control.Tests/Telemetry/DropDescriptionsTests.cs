using Dataplane.Control.Telemetry;
using Xunit;

namespace Dataplane.Control.Tests.Telemetry;

/// <summary>What dpctl and others are told of drop reasons.</summary>
public sealed class DropDescriptionsTests
{
    [Fact]
    public void EveryReasonIsDescribedWithoutMarksOfCode()
    {
        var reasons = Enum.GetValues<DropReason>().Where(reason => reason != DropReason.None);
        Assert.All(reasons, reason => Assert.Matches("^[^`]+$", DropDescriptions.Of(reason)));
    }
}
