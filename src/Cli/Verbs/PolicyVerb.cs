using System.CommandLine;
using Dataplane.Cli.Output;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Verbs;

/// <summary>"dpctl policy": what each policy allows, by peer identity and port.</summary>
internal static class PolicyVerb
{
    /// <summary>Makes the verb with list.</summary>
    public static Command Create(VerbRunner runner) => new("policy", "What the endpoints' policies allow")
    {
        runner.Bind(new Command("list", "List every rule: peer identity, destination port, and the NetworkPolicy it is from"), ListAsync),
    };

    private static async Task<int> ListAsync(VerbContext context, CancellationToken cancel)
    {
        // Rules hold identity numbers only; their labels are in another table.
        var identities = context.Format == OutputFormat.Table
            ? await context.Control.ListIdentitiesAsync(new ListRequest(), cancel).ToDictionaryAsync(identity => identity.Id, cancellationToken: cancel)
            : [];
        await context.PrintListAsync(context.Control.ListPoliciesAsync(new ListRequest(), cancel), policies => Table(policies, identities), cancel);
        return ExitCode.Success;
    }

    private static TextTable Table(IReadOnlyList<Policy> policies, Dictionary<uint, Identity> identities)
    {
        var table = new TextTable("POLICY", "DIRECTION", "IDENTITY", "LABELS (source:key[=value])", "PORT/PROTO", "ORIGIN");
        foreach (var policy in policies)
        {
            AddDirection(table, policy.Id, "Ingress", policy.Ingress, identities);
            AddDirection(table, policy.Id, "Egress", policy.Egress, identities);
        }
        return table;
    }

    private static void AddDirection(
        TextTable table, uint policy, string name, PolicyDirection? direction, Dictionary<uint, Identity> identities)
    {
        if (direction is not { Isolated: true })
        {
            table.Add($"{policy}", name, "ANY", "ANY", "ANY", "not isolated: everything is allowed");
            return;
        }
        if (direction.Rules.Count == 0)
            table.Add($"{policy}", name, "-", "-", "-", "isolated by no rule: nothing is allowed");
        foreach (var rule in direction.Rules)
            table.Add(
                $"{policy}",
                name,
                rule.Identity == 0 ? "ANY" : $"{rule.Identity}",
                Labels(rule.Identity, identities),
                Words.PortRange(rule.Protocol, rule.FirstPort, rule.LastPort),
                Words.OrDash(rule.Origin));
    }

    private static string Labels(uint identity, Dictionary<uint, Identity> identities)
    {
        if (identity == 0)
            return "ANY";
        if (identities.TryGetValue(identity, out var known) && known.Labels.Count > 0)
            return string.Join('\n', known.Labels);
        return identity < 16 ? $"reserved:{Words.Identity(identity)}" : "-";
    }
}
