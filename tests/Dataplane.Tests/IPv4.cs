using Dataplane.Packets;

namespace Dataplane.Tests;

/// <summary>The tests of every family, for IPv4.</summary>
public static class IPv4
{
    public sealed class FlowTests : Stages.FlowTests<IPv4Address>;

    public sealed class FragmentTests : Stages.FragmentTests<IPv4Address>;

    public sealed class HairpinTests : Stages.HairpinTests<IPv4Address>;

    public sealed class HostAnswerTests : Stages.HostAnswerTests<IPv4Address>;

    public sealed class HopLimitTests : Stages.HopLimitTests<IPv4Address>;

    public sealed class IcmpErrorTranslateTests : Stages.IcmpErrorTranslateTests<IPv4Address>;

    public sealed class IcmpReplyTests : Stages.IcmpReplyTests<IPv4Address>;

    public sealed class MasqueradeTests : Stages.MasqueradeTests<IPv4Address>;

    public sealed class MtuTests : Stages.MtuTests<IPv4Address>;

    public sealed class NativeRoutingTests : Stages.NativeRoutingTests<IPv4Address>;

    public sealed class NatRewriteTests : Stages.NatRewriteTests<IPv4Address>;

    public sealed class NodeDatagramTests : Stages.NodeDatagramTests<IPv4Address>;

    public sealed class ParseHeadersTests : Stages.ParseHeadersTests<IPv4Address>;

    public sealed class PolicyCheckTests : Stages.PolicyCheckTests<IPv4Address>;

    public sealed class RouteLookupTests : Stages.RouteLookupTests<IPv4Address>;

    public sealed class SegmentLimitTests : Stages.SegmentLimitTests<IPv4Address>;

    public sealed class SegmentTests : Stages.SegmentTests<IPv4Address>;

    public sealed class ServiceLookupTests : Stages.ServiceLookupTests<IPv4Address>;

    public sealed class ServicePolicyTests : Stages.ServicePolicyTests<IPv4Address>;

    public sealed class SourceGuardTests : Stages.SourceGuardTests<IPv4Address>;

    public sealed class TcpResetTests : Stages.TcpResetTests<IPv4Address>;

    public sealed class TruncationTests : Stages.TruncationTests<IPv4Address>;

    public sealed class UplinkTests : Stages.UplinkTests<IPv4Address>;

    public sealed class VxlanDecapTests : Stages.VxlanDecapTests<IPv4Address>;

    public sealed class VxlanEncapTests : Stages.VxlanEncapTests<IPv4Address>;

    public sealed class TransmitterTests : Workers.TransmitterTests<IPv4Address>;

    public sealed class ZeroAllocationTests : Tests.ZeroAllocationTests<IPv4Address>;

    public sealed class FragmentTableTests : Conntrack.FragmentTableTests<IPv4Address>;

    public sealed class ConntrackTableTests : Conntrack.ConntrackTableTests<IPv4Address>;

    public sealed class FlowArchiveTests : Conntrack.FlowArchiveTests<IPv4Address>;

    public sealed class ConntrackExpiryTests : Conntrack.ConntrackExpiryTests<IPv4Address>;

    public sealed class ConntrackFullTests : Conntrack.ConntrackFullTests<IPv4Address>;

    public sealed class ConntrackStressTests : Conntrack.ConntrackStressTests<IPv4Address>;

    public sealed class NatPortPoolTests : Conntrack.NatPortPoolTests<IPv4Address>;

    public sealed class AddressMapTests : Tables.AddressMapTests<IPv4Address>;

    public sealed class CoalescerTests : Workers.CoalescerTests<IPv4Address>;

    public sealed class TcpProbeTests : Stages.TcpProbeTests<IPv4Address>;
}
