using System.Text.Json;
using Dataplane.Testing;
using NetworkNamespace = Xdp.Interop.Links.NetworkNamespace;

namespace Xdp.Interop.Tests.Links;

/// <summary>Namespaces without names: nothing to clean up, even after a crash.</summary>
internal sealed class Sandbox : IDisposable
{
    private readonly List<IDisposable> _owned = [];

    internal Sandbox()
    {
        Left = Own(NetworkNamespace.CreateAnonymous());
        Right = Own(NetworkNamespace.CreateAnonymous());
    }

    internal NetworkNamespace Left { get; }

    internal NetworkNamespace Right { get; }

    internal T Own<T>(T owned) where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    /// <summary>What `ip -j` prints in a namespace: the independent witness.</summary>
    internal static JsonElement Ip(NetworkNamespace ns, string arguments)
    {
        var output = Exec(ns, $"ip -j -d {arguments}");
        return output.Length == 0 ? JsonDocument.Parse("[]").RootElement : JsonDocument.Parse(output).RootElement;
    }

    internal static string Exec(NetworkNamespace ns, string commandLine) =>
        Command.Run("nsenter", ["--net=" + ns.Path, .. commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries)]).Output.Trim();

    public void Dispose()
    {
        foreach (var owned in Enumerable.Reverse(_owned)) owned.Dispose();
    }
}
