using Dataplane.Agent.Model;

namespace Dataplane.Agent;

/// <summary>
/// Where objects come from: a directory of manifests, or the API server. Sources turn their text into ObjectNode trees
/// and share the readers in Objects/, so that an object means the same from either.
/// </summary>
public interface IObjectSource
{
    /// <summary>
    /// Complete views: the first one only when everything has been read once (K32, F4, F6), then one per change. Changes
    /// that arrive while the consumer is busy are merged into its next view.
    /// </summary>
    IAsyncEnumerable<ClusterObjects> Snapshots(CancellationToken cancel);
}
