using Dataplane.Packets;

namespace Dataplane.Tests;

/// <summary>The tests of every family, for IPv6.</summary>
public static class IPv6
{
    public sealed class FlowTests : Stages.FlowTests<IPv6Address>;

    public sealed class FragmentTests : Stages.FragmentTests<IPv6Address>;

    public sealed class HairpinTests : Stages.HairpinTests<IPv6Address>;

    public sealed class HostAnswerTests : Stages.HostAnswerTests<IPv6Address>;

    public sealed class HopLimitTests : Stages.HopLimitTests<IPv6Address>;

    public sealed class IcmpErrorTranslateTests : Stages.IcmpErrorTranslateTests<IPv6Address>;

    public sealed class IcmpReplyTests : Stages.IcmpReplyTests<IPv6Address>;

    public sealed class MasqueradeTests : Stages.MasqueradeTests<IPv6Address>;

    public sealed class MtuTests : Stages.MtuTests<IPv6Address>;

    public sealed class NativeRoutingTests : Stages.NativeRoutingTests<IPv6Address>;

    public sealed class NatRewriteTests : Stages.NatRewriteTests<IPv6Address>;

    public sealed class NodeDatagramTests : Stages.NodeDatagramTests<IPv6Address>;

    public sealed class ParseHeadersTests : Stages.ParseHeadersTests<IPv6Address>;

    public sealed class PolicyCheckTests : Stages.PolicyCheckTests<IPv6Address>;

    public sealed class RouteLookupTests : Stages.RouteLookupTests<IPv6Address>;

    public sealed class SegmentLimitTests : Stages.SegmentLimitTests<IPv6Address>;

    public sealed class SegmentTests : Stages.SegmentTests<IPv6Address>;

    public sealed class ServiceLookupTests : Stages.ServiceLookupTests<IPv6Address>;

    public sealed class ServicePolicyTests : Stages.ServicePolicyTests<IPv6Address>;

    public sealed class SourceGuardTests : Stages.SourceGuardTests<IPv6Address>;

    public sealed class TcpResetTests : Stages.TcpResetTests<IPv6Address>;

    public sealed class TruncationTests : Stages.TruncationTests<IPv6Address>;

    public sealed class UplinkTests : Stages.UplinkTests<IPv6Address>;

    public sealed class VxlanDecapTests : Stages.VxlanDecapTests<IPv6Address>;

    public sealed class VxlanEncapTests : Stages.VxlanEncapTests<IPv6Address>;

    public sealed class TransmitterTests : Workers.TransmitterTests<IPv6Address>;

    public sealed class ZeroAllocationTests : Tests.ZeroAllocationTests<IPv6Address>;

    public sealed class FragmentTableTests : Conntrack.FragmentTableTests<IPv6Address>;

    public sealed class ConntrackTableTests : Conntrack.ConntrackTableTests<IPv6Address>;

    public sealed class FlowArchiveTests : Conntrack.FlowArchiveTests<IPv6Address>;

    public sealed class ConntrackExpiryTests : Conntrack.ConntrackExpiryTests<IPv6Address>;

    public sealed class ConntrackFullTests : Conntrack.ConntrackFullTests<IPv6Address>;

    public sealed class ConntrackStressTests : Conntrack.ConntrackStressTests<IPv6Address>;

    public sealed class NatPortPoolTests : Conntrack.NatPortPoolTests<IPv6Address>;

    public sealed class AddressMapTests : Tables.AddressMapTests<IPv6Address>;

    public sealed class CoalescerTests : Workers.CoalescerTests<IPv6Address>;

    public sealed class TcpProbeTests : Stages.TcpProbeTests<IPv6Address>;
}
