using System.Text.Json;
using Dataplane.Netns.Tests.Behaviour;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>
/// Two of our nodes with three pods each, a client on the underlay that belongs to no node, and one in the world behind a router; a server in
/// every pod, on every node and in the world. Shared by the classes of its collection, which delete the services that they make.
/// </summary>
public sealed class ServiceBed : IDisposable
{
    /// <summary>Name of the collection.</summary>
    public const string Name = "services";

    private Cluster? _cluster;
    private Exception? _failure;

    /// <summary>The cluster; the first call starts it.</summary>
    public Cluster Cluster
    {
        get
        {
            if (_failure is not null)
                throw new CommandException("the cluster did not start for the first test of this collection: " + _failure.Message, _failure);
            try
            {
                return _cluster ??= Start();
            }
            catch (Exception failure)
            {
                _failure = failure;
                throw;
            }
        }
    }

    /// <summary>Our nodes.</summary>
    public DataplaneNode Node1 => (DataplaneNode)Cluster.Nodes[0];

    /// <inheritdoc cref="Node1" />
    public DataplaneNode Node2 => (DataplaneNode)Cluster.Nodes[1];

    /// <summary>On the underlay, 192.168.77.100.</summary>
    public NetworkNamespace Neighbor { get; private set; } = null!;

    /// <summary>Behind the router, <see cref="Cluster.WorldAddress" />.</summary>
    public NetworkNamespace World { get; private set; } = null!;

    /// <summary>The router between, 192.168.77.254.</summary>
    public NetworkNamespace Router { get; private set; } = null!;

    /// <summary>Writes a service and returns what deletes it again.</summary>
    public IDisposable Apply(ServiceObject service)
    {
        Cluster.Manifests.Apply("service-" + service.Name, service.ToString());
        return new Applied(this, service.Name);
    }

    /// <summary>Asks for / and returns who answered and whom it saw; null when there was no answer.</summary>
    public static (string Pod, string Client)? Get(NetworkNamespace client, string address, int port, double timeout = 2)
    {
        CommandResult answer = Curl(client, address, port, timeout);
        if (!answer.Succeeded)
            return null;
        using JsonDocument json = JsonDocument.Parse(answer.Output);
        return (json.RootElement.GetProperty("pod").GetString()!, json.RootElement.GetProperty("client").GetString()!);
    }

    /// <summary>The same with curl's exit code: 7 is refused, 28 is no answer in time.</summary>
    public static CommandResult Curl(NetworkNamespace client, string address, int port, double timeout = 2) =>
        client.Try(Command.DefaultTimeout, "curl", "-sS", "--max-time", FormattableString.Invariant($"{timeout}"), $"http://{address}:{port}/");

    /// <summary>Who answers a number of requests, by name.</summary>
    public static Dictionary<string, int> GetMany(NetworkNamespace client, string address, int port, int count)
    {
        string answers = client.Run(TimeSpan.FromSeconds(60), "bash", "-c", $"for ((i = 0; i < {count}; i++)); do curl -sS --max-time 3 http://{address}:{port}/ || echo; done").Output;
        return answers.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("pod").GetString()!)
            .CountBy(pod => pod).ToDictionary();
    }

    /// <summary>Waits until a request is answered.</summary>
    public static void MustAnswer(NetworkNamespace client, string address, int port) =>
        Eventually.True(() => Get(client, address, port) is not null, () => $"{address}:{port} answers {client.Name}: {Curl(client, address, port)}");

    /// <inheritdoc />
    public void Dispose() => _cluster?.Dispose();

    private Cluster Start()
    {
        Cluster cluster = Cluster.Start(NodeKind.Dataplane, NodeKind.Dataplane);
        try
        {
            (Router, World) = cluster.AddWorld();
            Neighbor = cluster.AddOutsider("neighbor", 100);
            foreach (ClusterNode node in cluster.Nodes)
            {
                for (int i = 1; i <= 3; i++)
                    cluster.AddPod(node, "default", $"pod-{node.Number}{i}");
            }
            foreach ((NetworkNamespace net, string name) in cluster.Pods.Select(p => (p.Net, p.Name)).Concat(cluster.Nodes.Select(n => (n.Net, n.Name))).Append((World, "world")))
            {
                BackgroundProcess server = cluster.Topology.Own(net.Start("python3", Installed.TestFile("Traffic/traffic.py"), "serve", name));
                server.WaitForOutput("serving", TimeSpan.FromSeconds(10));
            }
            cluster.WaitUntilPodsReady();
            return cluster;
        }
        catch (Exception failure)
        {
            string log = cluster.Log();
            cluster.Dispose();
            throw new CommandException($"{failure.Message}\n{log}", failure);
        }
    }

    private sealed class Applied(ServiceBed bed, string name) : IDisposable
    {
        public void Dispose() => bed.Cluster.Manifests.Delete("service-" + name);
    }
}
