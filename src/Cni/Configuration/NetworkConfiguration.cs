using System.Text.Json.Nodes;
using Dataplane.Cni.Results;
using Dataplane.Contracts.Grpc;

namespace Dataplane.Cni.Configuration;

/// <summary>The configuration that comes by standard input, checked; docs/cni.md describes the keys. What is not ours is handed on and not looked at.</summary>
internal sealed class NetworkConfiguration
{
    private const string DefaultControl = "unix:///run/dataplane/control.sock";
    private static readonly TimeSpan DefaultPolicyTimeout = TimeSpan.FromSeconds(10);
    private const double LongestPolicyTimeout = 3600; // seconds

    // Wishes of one pod that would otherwise be passed over in silence. Addresses are the IPAM plugin's to give.
    private static readonly string[] UnsupportedWishes = ["mac", "bandwidth", "infinibandGUID", "deviceID"];

    private NetworkConfiguration(JsonObject json, CniVersion version)
    {
        Json = json;
        Version = version;
    }

    /// <summary>All of it, as it came.</summary>
    public JsonObject Json { get; }

    /// <summary>The version in which the runtime speaks and wants results.</summary>
    public CniVersion Version { get; }

    /// <summary>"name" of the network.</summary>
    public required string Name { get; init; }

    /// <summary>"control": where the dataplane listens.</summary>
    public required string Control { get; init; }

    /// <summary>"policyTimeout": how long ADD waits for the pod's policy; zero: not at all.</summary>
    public required TimeSpan PolicyTimeout { get; init; }

    /// <summary>"onPolicyTimeout".</summary>
    public required PolicyTimeoutAction OnPolicyTimeout { get; init; }

    /// <summary>"ipam".</summary>
    public required IpamConfiguration Ipam { get; init; }

    /// <summary>"dns" as it came, or null.</summary>
    public required JsonObject? Dns { get; init; }

    /// <summary>Reads it.</summary>
    /// <param name="json">Standard input.</param>
    /// <param name="version">Its version.</param>
    /// <exception cref="CniException">Code 7, naming key and value.</exception>
    public static NetworkConfiguration Read(JsonObject json, CniVersion version)
    {
        string name = json.Text("name") ?? "";
        if (!CniEnvironment.IsIdentifier(name))
            throw JsonKeys.Bad("name", json["name"], "not a network name; it starts with a letter or digit and goes on with these, '_', '.' and '-'");
        return new NetworkConfiguration(json, version)
        {
            Name = name,
            Control = ReadControl(json),
            PolicyTimeout = ReadPolicyTimeout(json),
            OnPolicyTimeout = json.Text("onPolicyTimeout") switch
            {
                null or "fail" => PolicyTimeoutAction.Fail,
                "continue" => PolicyTimeoutAction.Continue,
                _ => throw JsonKeys.Bad("onPolicyTimeout", json["onPolicyTimeout"], "use \"fail\" or \"continue\""),
            },
            Ipam = IpamConfiguration.Read(json),
            Dns = json.Object("dns"),
        };
    }

    /// <summary>"prevResult": of the plugin before (ADD), or of the whole list (CHECK); null when there is none.</summary>
    /// <exception cref="CniException">Code 7, naming key and value.</exception>
    public Attachment? ReadPrevious() => Json.Object("prevResult") is { } previous ? AttachmentReader.Read(previous, "prevResult") : null;

    /// <summary>Refuses what a pod wishes and would not get.</summary>
    /// <exception cref="CniException">Code 2, naming key and value.</exception>
    public void RefuseWishes()
    {
        var runtimeConfig = Json.Object("runtimeConfig");
        foreach (string key in UnsupportedWishes)
        {
            if (runtimeConfig?[key] is { } wish)
                throw new CniException(CniErrorCode.UnsupportedField, $"runtimeConfig.{key}={wish.ToJsonString()}: not supported", $"Take {key} out of the capabilities of this plugin.");
        }
    }

    private static string ReadControl(JsonObject json)
    {
        string control = json.Text("control") ?? DefaultControl;
        try
        {
            UnixSocketAddress.ParsePath(control);
            return control;
        }
        catch (ArgumentException e)
        {
            throw JsonKeys.Bad("control", json["control"], e.Message);
        }
    }

    private static TimeSpan ReadPolicyTimeout(JsonObject json)
    {
        if (json["policyTimeout"] is not { } node) return DefaultPolicyTimeout;
        return node is JsonValue value && value.TryGetValue(out double seconds) && seconds is >= 0 and <= LongestPolicyTimeout
            ? TimeSpan.FromSeconds(seconds)
            : throw JsonKeys.Bad("policyTimeout", node, $"a number of seconds from 0 to {LongestPolicyTimeout:0} is needed");
    }
}
