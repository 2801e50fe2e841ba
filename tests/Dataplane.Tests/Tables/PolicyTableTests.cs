using Dataplane.Headers;
using Dataplane.Tables;
using Xunit;

namespace Dataplane.Tests.Tables;

/// <summary>Verdicts against a scan of the rules.</summary>
public sealed class PolicyTableTests
{
    private static readonly byte[] Protocols = [0, IpProtocol.Icmp, IpProtocol.Tcp, IpProtocol.Udp, IpProtocol.Sctp, 253, 255];
    private static readonly ushort[] Ports = [0, 1, 79, 80, 81, 443, 8080, 32_767, 32_768, 65_534, 65_535];
    private readonly Random _random = new(1);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 5)]
    [InlineData(50, 40)]
    public void P4_P7_SaysWhatAScanOfTheRulesSays(int policies, int rules)
    {
        for (int round = 0; round < 50; round++)
        {
            var definitions = Enumerable.Range(0, policies).Select(_ => Policy(_random.Next(rules + 1))).ToList();
            var table = new PolicyTable(definitions);
            Assert.Equal(policies, table.Count);
            for (int i = 0; i < 2000; i++)
            {
                int policy = _random.Next(policies);
                var direction = i % 2 == 0 ? TrafficDirection.Ingress : TrafficDirection.Egress;
                uint peer = (uint)_random.Next(1, 8);
                byte protocol = Protocols[_random.Next(1, Protocols.Length)];
                ushort port = Port();
                bool expected = Scan(definitions[policy], direction, peer, protocol, port);
                if (expected != table.Allows(policy, direction, peer, protocol, port))
                    Assert.Fail($"policy {policy} {direction} peer {peer} protocol {protocol} port {port}: expected {expected}\n{string.Join('\n', definitions[policy].Ingress)}\n{string.Join('\n', definitions[policy].Egress)}");
            }
        }
    }

    [Fact]
    public void P6_AllowsNothingWithoutRules()
    {
        var table = new PolicyTable([new PolicyDefinition(true, [], false, [])]);
        Assert.False(table.Allows(0, TrafficDirection.Ingress, 100, IpProtocol.Tcp, 80));
        Assert.True(table.Allows(0, TrafficDirection.Egress, 100, IpProtocol.Tcp, 80));
    }

    [Theory]
    [InlineData(79, false)]
    [InlineData(80, true)]
    [InlineData(90, true)]
    [InlineData(91, false)]
    public void P15_IncludesBothEndsOfARange(int port, bool allowed) => Assert.Equal(
        allowed, new PolicyTable([new PolicyDefinition(true, [new(16, IpProtocol.Tcp, 80, 90)], false, [])]).Allows(0, TrafficDirection.Ingress, 16, IpProtocol.Tcp, (ushort)port));

    /// <summary>Rules that overlap or touch become one range; the ports between two that do not stay closed (P30).</summary>
    [Fact]
    public void P30_RangesDoNotBleed()
    {
        var table = new PolicyTable([new PolicyDefinition(true, [new(16, IpProtocol.Tcp, 80, 81), new(16, IpProtocol.Tcp, 82, 90), new(16, IpProtocol.Tcp, 85, 86), new(16, IpProtocol.Tcp, 92, 92), new(17, IpProtocol.Tcp, 91, 91)], false, [])]);
        for (int port = 70; port < 100; port++)
        {
            Assert.Equal(port is >= 80 and <= 90 or 92, table.Allows(0, TrafficDirection.Ingress, 16, IpProtocol.Tcp, (ushort)port));
            Assert.Equal(port == 91, table.Allows(0, TrafficDirection.Ingress, 17, IpProtocol.Tcp, (ushort)port));
            Assert.False(table.Allows(0, TrafficDirection.Ingress, 16, IpProtocol.Udp, (ushort)port));
        }
    }

    /// <summary>A lookup is two hash probes and a binary search, whatever the number of policies: no run of taken slots grows with it.</summary>
    [Theory]
    [InlineData(10)]
    [InlineData(1_000)]
    [InlineData(10_000)]
    public void P37_ALookupTakesNoMoreStepsAmongManyPolicies(int policies)
    {
        const int peers = 50;
        // Identities as the agent gives them: in a row. The first rule of all policies names everybody.
        var rules = Enumerable.Range(0, peers).Select(peer => new PolicyRule(peer == 0 ? 0 : 15 + (uint)peer, IpProtocol.Tcp, 80, 80)).ToList();
        var table = new PolicyTable([.. Enumerable.Range(0, policies).Select(_ => new PolicyDefinition(true, rules, true, rules))]);
        long steps = 0, longest = 0;
        const int lookups = 100_000;
        for (int i = 0; i < lookups; i++)
        {
            // Half of the peers are in no rule, which is the longer way.
            int taken = table.StepsOf(_random.Next(policies), i % 2 == 0 ? TrafficDirection.Ingress : TrafficDirection.Egress, 16 + (uint)_random.Next(2 * peers));
            steps += taken;
            longest = Math.Max(longest, taken);
        }

        Assert.InRange(steps / (double)lookups, 1, 4);
        Assert.InRange(longest, 1, 64);
    }

    private PolicyDefinition Policy(int rules) => new(_random.Next(4) != 0, Rules(rules), _random.Next(4) != 0, Rules(rules));

    private List<PolicyRule> Rules(int count)
    {
        var rules = new List<PolicyRule>();
        for (int i = 0; i < count; i++)
        {
            byte protocol = Protocols[_random.Next(Protocols.Length)];
            ushort first = Port(), last = Port();
            rules.Add(protocol == 0 || _random.Next(4) == 0
                ? new PolicyRule((uint)_random.Next(8), protocol, 0, 0)
                : new PolicyRule((uint)_random.Next(8), protocol, Math.Min(first, last), Math.Max(first, last)));
        }
        return rules;
    }

    private ushort Port() => Ports[_random.Next(Ports.Length)];

    private static bool Scan(PolicyDefinition policy, TrafficDirection direction, uint peer, byte protocol, ushort port)
    {
        bool ingress = direction == TrafficDirection.Ingress;
        if (!(ingress ? policy.IngressIsolated : policy.EgressIsolated)) return true;
        foreach (var rule in ingress ? policy.Ingress : policy.Egress)
        {
            if (rule.Identity != 0 && rule.Identity != peer) continue;
            if (rule.Protocol == 0) return true;
            if (rule.Protocol != protocol) continue;
            if (rule is { FirstPort: 0, LastPort: 0 } || rule.FirstPort <= port && port <= rule.LastPort) return true;
        }
        return false;
    }
}
