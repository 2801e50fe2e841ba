using System.Text.Json.Nodes;

namespace Dataplane.Cli.Connectivity;

/// <summary>The objects that a test makes.</summary>
internal static class BedObjects
{
    /// <summary>Where servers listen, and their services.</summary>
    public const int Port = 8080;

    /// <summary>Port of the nodes that leads to the echo pod there.</summary>
    public const int HostPort = 4000;

    /// <summary>Seconds for which a pod of the test is waited for when it is deleted.</summary>
    private const int Grace = 0;

    // One connection for as long as it holds: a request ten times a second, and the number of answers in the log. Whatever breaks it ends the pod.
    private const string HeldClient = """
        exec 3<>"/dev/tcp/$0/$1" || exit 1
        n=0
        while :; do
          printf 'GET /hostname HTTP/1.1\r\nHost: held\r\n\r\n' >&3 || exit 2
          length=0
          while :; do
            IFS= read -r -t 10 line <&3 || exit 3
            line=${line%$'\r'}
            case $line in '') break ;; Content-Length:*) length=${line##* } ;; esac
          done
          IFS= read -r -t 10 -N "$length" body <&3 || exit 4
          n=$((n + 1))
          echo "$n"
          sleep 0.1
        done
        """;

    /// <summary>A namespace of the test. Its pods with the node's network need the leave that the label gives.</summary>
    public static JsonObject Namespace(string name) => new()
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["labels"] = new JsonObject { ["app.kubernetes.io/managed-by"] = "dpctl", ["pod-security.kubernetes.io/enforce"] = "privileged" },
        },
    };

    /// <summary>A pod that asks; it serves as well, so that it can ask by UDP, and be asked.</summary>
    public static JsonObject Client(string name, string node, string image, params (string Key, string Value)[] labels) =>
        Pod(name, node, image, [("kind", "client"), .. labels], ["netexec", $"--http-port={Port}", $"--udp-port={Port}"], hostPort: 0);

    /// <summary>A pod that answers with its name.</summary>
    public static JsonObject Echo(string name, string node, string image, bool withHostPort) =>
        Pod(name, node, image, [("kind", "echo")], ["netexec", $"--http-port={Port}", $"--udp-port={Port}"], withHostPort ? HostPort : 0);

    /// <summary>A process in the node's own network.</summary>
    public static JsonObject Host(string name, string node, string image)
    {
        var pod = Pod(name, node, image, [("kind", "host")], ["pause"], hostPort: 0);
        pod["spec"]!["hostNetwork"] = true;
        return pod;
    }

    /// <summary>A pod that keeps one connection; its end is the pod's.</summary>
    public static JsonObject Held(string name, string node, string image, string address)
    {
        var pod = Pod(name, node, image, [("kind", "held")], [], hostPort: 0);
        pod["spec"]!["restartPolicy"] = "Never";
        pod["spec"]!["containers"]![0]!["command"] = Words(["/bin/bash", "-c", HeldClient, address, $"{Port}"]);
        return pod;
    }

    /// <summary>A service with a node port, for one pod, by TCP and UDP.</summary>
    public static JsonObject Service(string name) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = new JsonObject
        {
            ["type"] = "NodePort",
            ["selector"] = new JsonObject { ["name"] = name },
            ["ports"] = new JsonArray(
                new JsonObject { ["name"] = "tcp", ["port"] = Port, ["protocol"] = "TCP" },
                new JsonObject { ["name"] = "udp", ["port"] = Port, ["protocol"] = "UDP" }),
        },
    };

    private static JsonObject Pod(string name, string node, string image, (string Key, string Value)[] labels, string[] arguments, int hostPort)
    {
        var container = new JsonObject { ["name"] = "agnhost", ["image"] = image, ["imagePullPolicy"] = "IfNotPresent" };
        if (arguments.Length > 0)
            container["args"] = Words(arguments);
        if (hostPort > 0)
            container["ports"] = new JsonArray(new JsonObject { ["containerPort"] = Port, ["hostPort"] = hostPort, ["protocol"] = "TCP" });
        return new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["labels"] = new JsonObject(labels.Append(("name", name)).Select(label => KeyValuePair.Create(label.Item1, (JsonNode?)label.Item2))),
            },
            ["spec"] = new JsonObject
            {
                ["nodeName"] = node,
                ["terminationGracePeriodSeconds"] = Grace,
                ["automountServiceAccountToken"] = false,
                ["containers"] = new JsonArray(container),
            },
        };
    }

    private static JsonArray Words(IEnumerable<string> words) => [.. words.Select(word => JsonValue.Create(word))];
}
