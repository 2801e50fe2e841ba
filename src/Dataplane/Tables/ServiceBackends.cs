namespace Dataplane.Tables;

/// <summary>A service's run in the array of backends.</summary>
public readonly record struct ServiceBackends(int First, int Count);
