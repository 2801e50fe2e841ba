using System.Text.Json;
using Dataplane.Testing;

namespace Dataplane.Netns.Tests.Traffic;

/// <summary>iperf3 over a route: a server for one test, a client, and what the client reports.</summary>
internal static class Iperf
{
    /// <summary>Runs a test and returns the object `end` of the client's report.</summary>
    internal static JsonElement Run(TrafficRoute route, params string[] options)
    {
        // Bound, or on a node with several addresses its UDP half would answer from another one than it was asked on.
        using BackgroundProcess server = route.Server.Start("iperf3", "-s", "-1", "-B", route.ServerAddress, "-p", "5201", "--forceflush");
        server.WaitForOutput("Server listening", TimeSpan.FromSeconds(5));
        CommandResult client = route.Client.Try(TimeSpan.FromSeconds(20), "iperf3",
            ["-c", route.Address, "-p", "5201", "-J", "--connect-timeout", "3000", .. options]);
        if (!client.Succeeded)
            throw new CommandException($"{client}\nserver:\n{server.Output}");
        using JsonDocument report = JsonDocument.Parse(client.Output);
        return report.RootElement.GetProperty("end").Clone();
    }
}
