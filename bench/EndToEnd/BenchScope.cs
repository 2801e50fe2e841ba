using System.Diagnostics;
using Dataplane.Testing;

namespace Dataplane.Bench.EndToEnd;

/// <summary>
/// The topology of one run with the servers in it, and the way to run a client beside them.
/// Disposing it, or the next run after a crash, removes everything (see <see cref="Topology"/>).
/// </summary>
public sealed class BenchScope(CancellationToken cancel) : IDisposable
{
    private readonly Topology _topology = Topology.Create();
    private readonly List<NamedProcess> _servers = [];

    /// <summary>For configuration, sockets and manifests.</summary>
    public string Folder => _topology.Folder;

    /// <summary>The programs that stay, in the order they were started.</summary>
    public IReadOnlyList<NamedProcess> Servers => _servers;

    /// <summary>Makes a namespace; its name must be new in this run.</summary>
    public NetworkNamespace AddNamespace(string name)
    {
        cancel.ThrowIfCancellationRequested();
        return _topology.AddNamespace(name);
    }

    /// <summary>Ties something to the scope: disposed with it, last one first.</summary>
    public T Own<T>(T owned) where T : IDisposable
    {
        cancel.ThrowIfCancellationRequested();
        return _topology.Own(owned);
    }

    /// <summary>Notes a program that is started and stopped elsewhere, so that its CPU time is watched.</summary>
    public void AddServer(NamedProcess server) => _servers.Add(server);

    /// <summary>Starts a program that stays until the scope is closed.</summary>
    public NamedProcess StartServer(string name, NetworkNamespace space, string file, params string[] arguments)
    {
        var server = new NamedProcess(name, _topology.Own(space.Start(file, arguments)));
        _servers.Add(server);
        return server;
    }

    /// <summary>Runs one of our own tools (a verb of this very program) like <see cref="RunClient"/>.</summary>
    public string RunTool(string name, NetworkNamespace space, int seconds, Action<string, int> started, params string[] arguments) =>
        RunClient(name, space, seconds, started, Environment.ProcessPath!, arguments);

    /// <summary>Runs a client to its end and returns its output; `started` is told its process id. `seconds` is its own running time.</summary>
    public string RunClient(string name, NetworkNamespace space, int seconds, Action<string, int> started, string file, params string[] arguments)
    {
        cancel.ThrowIfCancellationRequested();
        using var client = space.Start(file, arguments);
        started(name, client.Id);
        for (var watch = Stopwatch.StartNew(); !client.HasExited; Thread.Sleep(10))
        {
            cancel.ThrowIfCancellationRequested();
            if (watch.Elapsed > TimeSpan.FromSeconds(seconds + 15))
                throw new BenchException($"{name} did not end within {seconds + 15} s\n{NamedProcess.Tail(client.Output)}");
        }

        var code = client.WaitForExit(TimeSpan.FromSeconds(5));
        return code == 0 ? client.Output : throw new BenchException($"{name} exited with {code}: {NamedProcess.Tail(client.Output)}");
    }

    /// <summary>Waits until a condition holds; throws when the program it depends on ends, or after the time.</summary>
    public void WaitUntil(string what, TimeSpan time, NamedProcess on, Func<bool> condition)
    {
        for (var watch = Stopwatch.StartNew(); !condition(); Thread.Sleep(50))
        {
            cancel.ThrowIfCancellationRequested();
            on.ThrowIfExited();
            if (watch.Elapsed > time)
                throw new BenchException($"no {what} after {time.TotalSeconds} s: {on.Name}: {NamedProcess.Tail(on.Process.Output)}");
        }
    }

    /// <summary>Waits, but not past a signal.</summary>
    public void Sleep(TimeSpan time)
    {
        cancel.WaitHandle.WaitOne(time);
        cancel.ThrowIfCancellationRequested();
    }

    /// <inheritdoc/>
    public void Dispose() => _topology.Dispose();
}
