namespace Dataplane.Cni.Tests.Calls;

/// <summary>What the plugin did, in its order: calls of the dataplane, and "ipam COMMAND CONTAINER".</summary>
internal sealed class CallLog : List<string>;
