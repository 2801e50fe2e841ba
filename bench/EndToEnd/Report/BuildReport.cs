namespace Dataplane.Bench.EndToEnd.Report;

/// <summary>One contender as it was built for a number of services.</summary>
/// <param name="Services">Services in all.</param>
/// <param name="Endpoints">Endpoints of all services together.</param>
/// <param name="Path">Name of the path.</param>
/// <param name="ProgrammingSeconds">From handing over the services until both nodes had them.</param>
/// <param name="ResidentBytes">Resident memory of our processes, by name, once they had them.</param>
public sealed record BuildReport(
    int Services, int Endpoints, string Path, double ProgrammingSeconds, IReadOnlyDictionary<string, long> ResidentBytes);
