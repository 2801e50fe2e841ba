using Dataplane.Agent.Model;

namespace Dataplane.Agent.ApiServer;

/// <summary>An object of the API server with what is in force for it.</summary>
/// <param name="ResourceVersion">metadata.resourceVersion of the server's object.</param>
/// <param name="Object">What is in force: the object, or if it cannot be read its last good version; null: nothing.</param>
/// <param name="Fault">Why the object cannot be read; empty: it can.</param>
internal sealed record StoredObject(string ResourceVersion, KubeObject? Object, string Fault);
