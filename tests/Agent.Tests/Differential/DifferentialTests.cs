using Dataplane.Agent.Desired;
using Dataplane.Agent.Tests.Clusters;
using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Tests.Differential;

/// <summary>The compiled state against the reference, over random clusters; a failure names the seed that repeats it.</summary>
public class DifferentialTests
{
    private static readonly (string Text, V1.Protocol Value)[] Protocols =
        [("TCP", V1.Protocol.Tcp), ("UDP", V1.Protocol.Udp), ("SCTP", V1.Protocol.Sctp)];

    private static readonly string[] Outside =
        ["203.0.113.7", "203.0.113.6", "192.168.0.1", "192.168.0.2", "10.244.2.1", "10.244.1.250"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void The_compiled_state_says_what_the_specification_says(int block)
    {
        // One compiler per node over all clusters: what it remembers of the last must not show in the next.
        var compilers = new Dictionary<string, StateCompiler>();
        var cases = 0;
        for (var seed = block * 1000; seed < block * 1000 + 250; seed++)
        {
            var plain = new RandomCluster(seed).Make();
            var text = PlainYaml.Write(plain);
            var compiled = new CompiledCluster(
                Yaml.Objects(text),
                name => compilers.TryGetValue(name, out var known) ? known : compilers[name] = new StateCompiler(name));
            cases += Compare(seed, plain, compiled, text);
        }
        Assert.True(cases > 100_000, $"only {cases} cases");
    }

    [Fact]
    public void The_state_does_not_depend_on_the_order_of_the_objects()
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var text = PlainYaml.Write(new RandomCluster(seed).Make());
            var documents = text.Split("---\n", StringSplitOptions.RemoveEmptyEntries);
            var shuffled = (string[])documents.Clone();
            new Random(seed).Shuffle(shuffled);
            var one = new StateCompiler("n1").Compile(Yaml.Objects(documents)).State;
            var other = new StateCompiler("n1").Compile(Yaml.Objects(shuffled)).State;
            Assert.Equal(Google.Protobuf.MessageExtensions.ToByteArray(one), Google.Protobuf.MessageExtensions.ToByteArray(other));
        }
    }

    private static int Compare(int seed, PlainCluster plain, CompiledCluster compiled, string text)
    {
        var reference = new Reference(plain);
        var cases = 0;
        var peers = Outside.Concat(plain.Pods.Select(p => p.Address)).Distinct().ToArray();
        foreach (var pod in plain.Pods.Where(p => !p.HostNetwork && !p.Ended))
        {
            foreach (var peer in peers.Where(a => a != pod.Address))
            {
                foreach (var (name, protocol) in Protocols)
                {
                    for (var port = 80; port <= 82; port++)
                    {
                        cases += 2;
                        Check(reference.AllowsIngress(pod, peer, name, port), compiled.AllowsIngress(pod.FullName, peer, protocol, port), "from");
                        Check(reference.AllowsEgress(pod, peer, name, port), compiled.AllowsEgress(pod.FullName, peer, protocol, port), "to");

                        void Check(bool expected, bool actual, string direction)
                        {
                            if (expected != actual)
                                Assert.Fail($"seed {seed}: {pod.FullName} {direction} {peer} {name} {port} should be {(expected ? "allowed" : "denied")}\n{text}");
                        }
                    }
                }
            }
        }
        return cases;
    }
}
