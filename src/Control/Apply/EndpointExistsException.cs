namespace Dataplane.Control.Apply;

/// <summary>A pod or an address is attached already, with other values than asked for.</summary>
public sealed class EndpointExistsException(string message) : Exception(message);
