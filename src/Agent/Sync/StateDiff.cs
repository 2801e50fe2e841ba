using System.Text;
using Dataplane.Agent.Desired;
using Dataplane.Contracts.V1;
using Google.Protobuf.Collections;

namespace Dataplane.Agent.Sync;

/// <summary>What turns one state into another, by the keys of the contract.</summary>
public sealed class StateDiff
{
    private readonly StringBuilder _summary = new();

    private StateDiff()
    {
    }

    /// <summary>Messages to add or replace.</summary>
    public State Upserts { get; } = new();

    /// <summary>Keys to delete; other fields are unset.</summary>
    public State Deletes { get; } = new();

    /// <summary>True when the states are the same.</summary>
    public bool IsEmpty => _summary.Length == 0;

    /// <summary>For people: "services +1 -0, policies +2 -2".</summary>
    public string Summary => _summary.ToString();

    /// <summary>Compares two states. What they share is not looked at.</summary>
    public static StateDiff Between(DesiredState from, DesiredState to)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        var diff = new StateDiff();
        diff.Compare("nodes", from.Nodes, to.Nodes, diff.Upserts.Nodes, diff.Deletes.Nodes,
            n => n.Name, n => new Node { Name = n.Name });
        diff.CompareServices(from.Services, to.Services);
        diff.Compare("identities", from.Identities, to.Identities, diff.Upserts.Identities, diff.Deletes.Identities,
            i => i.Id, i => new Identity { Id = i.Id });
        diff.Compare("ipcache", from.Ipcache, to.Ipcache, diff.Upserts.Ipcache, diff.Deletes.Ipcache,
            e => e.Cidr, e => new IpcacheEntry { Cidr = e.Cidr });
        diff.Compare("policies", from.Policies, to.Policies, diff.Upserts.Policies, diff.Deletes.Policies,
            p => p.Id, p => new Policy { Id = p.Id });
        diff.Compare("workloads", from.Workloads, to.Workloads, diff.Upserts.Workloads, diff.Deletes.Workloads,
            w => (w.Namespace, w.Pod), w => new Workload { Namespace = w.Namespace, Pod = w.Pod });
        return diff;
    }

    private void CompareServices(Model.OrderedList<Service> from, Model.OrderedList<Service> to)
    {
        var changes = new List<Model.Change<Service>>();
        Model.OrderedList<Service>.Compare(from, to, changes);
        foreach (var (before, after) in changes)
        {
            if (after is null)
            {
                Deletes.Services.Add(new Service
                {
                    Namespace = before!.Namespace, Name = before.Name, PortName = before.PortName, Protocol = before.Protocol,
                });
            }
            else if (!after.Equals(before))
            {
                Upserts.Services.Add(after);
            }
        }
        Summarize("services", Upserts.Services.Count, Deletes.Services.Count);
    }

    private void Compare<T, TKey>(
        string name, IReadOnlyList<T> from, IReadOnlyList<T> to, RepeatedField<T> upserts, RepeatedField<T> deletes,
        Func<T, TKey> keyOf, Func<T, T> keyOnly)
        where T : class
        where TKey : notnull
    {
        if (ReferenceEquals(from, to))
            return;
        // Messages that did not change are mostly the same instances: only the middle that differs is looked at by key.
        var shorter = Math.Min(from.Count, to.Count);
        var head = 0;
        while (head < shorter && ReferenceEquals(from[head], to[head]))
            head++;
        var tail = 0;
        while (tail < shorter - head && ReferenceEquals(from[^(tail + 1)], to[^(tail + 1)]))
            tail++;
        var old = new Dictionary<TKey, T>(from.Count - head - tail);
        for (var i = head; i < from.Count - tail; i++)
            old[keyOf(from[i])] = from[i];
        for (var i = head; i < to.Count - tail; i++)
        {
            var item = to[i];
            if (!old.Remove(keyOf(item), out var before) || !(ReferenceEquals(before, item) || before.Equals(item)))
                upserts.Add(item);
        }
        deletes.AddRange(old.Values.Select(keyOnly));
        Summarize(name, upserts.Count, deletes.Count);
    }

    private void Summarize(string name, int upserts, int deletes)
    {
        if (upserts + deletes > 0)
            _summary.Append(_summary.Length == 0 ? "" : ", ").Append($"{name} +{upserts} -{deletes}");
    }
}
