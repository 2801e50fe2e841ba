using System.Text;
using System.Text.Json.Nodes;
using Dataplane.Contracts;

namespace Dataplane.Cni.Tests.Calls;

/// <summary>A call of the plugin in this process: variables and a configuration that are right, and that a test makes wrong.</summary>
internal sealed class Call : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cni-").FullName;
    private readonly MemoryStream _output = new();
    private readonly StringWriter _error = new();

    public Call(string command)
    {
        NetworkNamespace = Path.Combine(_folder, "netns");
        File.WriteAllText(NetworkNamespace, "");
        File.WriteAllText(Path.Combine(_folder, "host-local"), "");
        Variables = new()
        {
            ["CNI_COMMAND"] = command,
            ["CNI_CONTAINERID"] = "c1",
            ["CNI_NETNS"] = NetworkNamespace,
            ["CNI_IFNAME"] = "eth0",
            ["CNI_ARGS"] = "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-0;K8S_POD_INFRA_CONTAINER_ID=c1;K8S_POD_UID=u1",
            ["CNI_PATH"] = $"/nonexistent:{_folder}",
        };
        Dataplane = FakeDataplane.Create(Log);
        Ipam = new FakeIpam(Log, name => Variables.GetValueOrDefault(name));
    }

    public Dictionary<string, string> Variables { get; }

    public string NetworkNamespace { get; }

    public JsonObject Configuration { get; } = new()
    {
        ["cniVersion"] = "1.1.0",
        ["name"] = "pods",
        ["type"] = "dataplane-cni",
        ["ipam"] = new JsonObject { ["type"] = "host-local", ["subnet"] = "10.244.1.0/24" },
    };

    /// <summary>Standard input instead of <see cref="Configuration"/>.</summary>
    public Stream? Input { get; set; }

    /// <summary>Standard output instead of one that is kept.</summary>
    public Stream? BrokenOutput { get; set; }

    public CallLog Log { get; } = [];

    public FakeDataplane Dataplane { get; }

    public FakeIpam Ipam { get; }

    /// <summary>Address at which the plugin looked for the dataplane.</summary>
    public string? Address { get; private set; }

    /// <summary>What it wrote to standard output.</summary>
    public string Output => Encoding.UTF8.GetString(_output.ToArray());

    /// <summary>What it wrote to standard error.</summary>
    public string Error => _error.ToString();

    /// <summary>The only document on standard output.</summary>
    public JsonObject Document => (JsonObject)JsonNode.Parse(Output)!;

    /// <summary>Runs it and returns the exit code.</summary>
    public int Run()
    {
        var input = Input ?? new MemoryStream(Encoding.UTF8.GetBytes(Configuration.ToJsonString()));
        return CniPlugin.Run(new CniHost(name => Variables.GetValueOrDefault(name), input, BrokenOutput ?? _output, _error, Connect, Ipam));
    }

    /// <summary>Runs it, and asserts that it fails as the specification has it.</summary>
    /// <returns>The message.</returns>
    public string Fails(int code)
    {
        int exitCode = Run();
        Xunit.Assert.True(exitCode == 1, $"exit code {exitCode}, output {Output}");
        Xunit.Assert.Equal(code, (int)Document["code"]!);
        return (string)Document["msg"]!;
    }

    /// <summary>Runs it, and asserts that it succeeds.</summary>
    public Call Succeeds()
    {
        int exitCode = Run();
        Xunit.Assert.True(exitCode == 0, $"exit code {exitCode}, output {Output}");
        return this;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private IControlService Connect(string address)
    {
        Address = address;
        return (IControlService)(object)Dataplane;
    }
}
