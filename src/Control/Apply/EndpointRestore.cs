using Dataplane.Contracts.V1;
using Dataplane.Control.Compile;
using Dataplane.Packets;
using Microsoft.Extensions.Logging;

namespace Dataplane.Control.Apply;

/// <summary>
/// Attaches what an earlier process had attached and what still exists: pods keep interface and address, and are served again once the agent has
/// sent the state. A pod that cannot be taken over is left as it is, cut off, and tried again. For one control thread at a time.
/// </summary>
/// <param name="records">What was attached.</param>
/// <param name="attach">Attaches a pod without noting it anew.</param>
/// <param name="exists">Whether a pod's host end, by its name, is there.</param>
/// <param name="log">For what becomes of each.</param>
internal sealed class EndpointRestore(EndpointRecords records, Action<AttachEndpointRequest> attach, Func<string, bool> exists, ILogger log)
{
    private readonly Dictionary<string, (AttachEndpointRequest Request, string Why)> _cutOff = new(StringComparer.Ordinal);

    /// <summary>Pods that are still cut off, for people.</summary>
    public IReadOnlyList<string> Problems =>
        [.. _cutOff.Select(pod => $"pod {pod.Key} is cut off since the dataplane was replaced: {pod.Value.Why}; it is tried again every {Upkeep.Interval.TotalSeconds:0} s, and a new pod in its place will do")];

    /// <summary>Addresses of pods that are still cut off, of either family as <see cref="IIpAddress{TSelf}.Widen"/> has them.</summary>
    public IEnumerable<IPv6Address> Addresses =>
        _cutOff.Values.SelectMany(pod => pod.Request.Addresses).Select(text => FieldParser.TryWide(text, out var address) ? address : default);

    /// <summary>Attaches all that are noted. Called once, before requests are served.</summary>
    public void Run()
    {
        foreach (var request in records.Read((path, why) => log.LogError("{Path} is not a note of a pod ({Why}); delete it", path, why))) Try(request);
    }

    /// <summary>Tries again what could not be attached.</summary>
    /// <returns>What is attached now, for people.</returns>
    public IReadOnlyList<string> Retry() => [.. _cutOff.Values.ToList().Where(pod => Try(pod.Request)).Select(pod => $"pod {Key(pod.Request)}, which had been cut off")];

    /// <summary>Gives up a pod that could not be attached; false when it is none of those.</summary>
    /// <param name="podKey">Namespace and name.</param>
    /// <param name="containerId">When set, of this container only.</param>
    /// <param name="interface">When set, of this interface only.</param>
    public bool Forget(string podKey, string containerId, string @interface)
    {
        if (!_cutOff.TryGetValue(podKey, out var pod)) return false;
        if (containerId.Length > 0 && pod.Request.ContainerId != containerId) return false;
        if (@interface.Length > 0 && pod.Request.Interface != @interface) return false;
        Forget(pod.Request);
        return true;
    }

    private bool Try(AttachEndpointRequest request)
    {
        if (!File.Exists(request.Netns) && !exists(PodVeth.HostNameFor(request.Namespace, request.Pod)))
        {
            Forget(request); // it ended meanwhile
            return false;
        }
        try
        {
            attach(request);
            _cutOff.Remove(Key(request));
            return true;
        }
#pragma warning disable CA1031 // Whatever is wrong with one pod, the others are to be served.
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (!_cutOff.TryGetValue(Key(request), out var before) || before.Why != e.Message)
                log.LogError("pod {Namespace}/{Pod} stays cut off: {Why}", request.Namespace, request.Pod, e.Message);
            _cutOff[Key(request)] = (request, e.Message);
            return false;
        }
    }

    private void Forget(AttachEndpointRequest request)
    {
        _cutOff.Remove(Key(request));
        records.Forget(request.Namespace, request.Pod, request.ContainerId);
    }

    private static string Key(AttachEndpointRequest request) => DesiredState.PodKey(request.Namespace, request.Pod);
}
