using System.Text;
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

    /// <summary>Compares two states whose lists are in the order of their keys.</summary>
    public static StateDiff Between(State from, State to)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        var diff = new StateDiff();
        diff.Compare("nodes", from.Nodes, to.Nodes, diff.Upserts.Nodes, diff.Deletes.Nodes,
            n => n.Name, n => new Node { Name = n.Name });
        diff.Compare("services", from.Services, to.Services, diff.Upserts.Services, diff.Deletes.Services,
            s => (s.Namespace, s.Name, s.PortName, s.Protocol),
            s => new Service { Namespace = s.Namespace, Name = s.Name, PortName = s.PortName, Protocol = s.Protocol });
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

    private void Compare<T, TKey>(
        string name, RepeatedField<T> from, RepeatedField<T> to, RepeatedField<T> upserts, RepeatedField<T> deletes,
        Func<T, TKey> keyOf, Func<T, T> keyOnly)
        where T : class
        where TKey : notnull
    {
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
        if (upserts.Count + deletes.Count == 0)
            return;
        _summary.Append(_summary.Length == 0 ? "" : ", ").Append($"{name} +{upserts.Count} -{deletes.Count}");
    }
}
