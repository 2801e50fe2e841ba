using System.Collections;
using System.Text.Json.Nodes;
using Dataplane.Testing.Cni;

namespace Dataplane.Cni.Tests.Nodes;

/// <summary>Pods that the bed's runtime has made, and that are removed at the end, whatever became of them.</summary>
internal sealed class MadePods : IDisposable, IEnumerable<(Container Container, JsonObject Result)>
{
    private readonly CniBed _bed;
    private readonly List<(Container Container, JsonObject Result)> _all = [];

    /// <summary>Makes pods of these names.</summary>
    public MadePods(CniBed bed, params string[] names)
    {
        _bed = bed;
        foreach (string name in names)
        {
            bed.ApplyPod(name);
            var container = bed.NewContainer(name);
            _all.Add((container, bed.Runtime.Add(container)));
        }
    }

    /// <summary>One of them, with the result of its ADD.</summary>
    public (Container Container, JsonObject Result) this[int index] => _all[index];

    /// <summary>IPv4 address of one of them.</summary>
    public string Address(int index) => ((string)_all[index].Result["ips"]![0]!["address"]!).Split('/')[0];

    public void Dispose()
    {
        foreach (var (container, _) in _all)
        {
            _bed.Runtime.Del(container);
            _bed.Cluster.Manifests.Delete($"pod-default-{container.Pod}");
        }
    }

    public IEnumerator<(Container Container, JsonObject Result)> GetEnumerator() => _all.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
