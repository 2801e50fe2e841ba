using Dataplane.Agent.Model;

namespace Dataplane.Agent.Manifests;

/// <summary>An object and the place of its document in a file.</summary>
public sealed record PlacedObject(KubeObject Object, int Line, int Column);
