using Dataplane.Agent.Objects;

namespace Dataplane.Agent.ApiServer;

/// <summary>One event of a watch.</summary>
/// <param name="Type">ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.</param>
/// <param name="Object">The object's version after the event; of BOOKMARK its version alone, of ERROR a Status.</param>
internal readonly record struct WatchEvent(string Type, ObjectNode Object);
