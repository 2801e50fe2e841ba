using System.CommandLine;
using Dataplane.Cli.Output;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Verbs;

/// <summary>"dpctl service": frontends and the backends behind them.</summary>
internal static class ServiceVerb
{
    /// <summary>Makes the verb with list.</summary>
    public static Command Create(VerbRunner runner) => new("service", "Service frontends and their backends")
    {
        runner.Bind(new Command("list", "List frontends with their backends and policies; the ID is the line's number"), ListAsync),
    };

    private static async Task<int> ListAsync(VerbContext context, CancellationToken cancel)
    {
        // What a backend is good for depends on whether it is here.
        string node = context.Format == OutputFormat.Table ? (await context.Control.GetStatusAsync(new GetStatusRequest(), cancel)).NodeName : "";
        await context.PrintListAsync(context.Control.ListServicesAsync(new ListRequest(), cancel), services => Table(services, node), cancel);
        return ExitCode.Success;
    }

    private static TextTable Table(IReadOnlyList<Service> services, string node)
    {
        var table = new TextTable("ID", "Frontend", "Service Type", "Backend", "Service", "Policy");
        int id = 0;
        foreach (var service in services)
        {
            var listing = new ServiceListing(service, node);
            foreach (var frontend in service.Frontends)
                table.Add($"{++id}", listing.Address(frontend), ServiceListing.TypeName(frontend.Kind), listing.Backends(frontend), listing.Name, listing.Policy(frontend));
        }
        return table;
    }
}
