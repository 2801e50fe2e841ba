using System.Net.Sockets;
using System.Text.Json;

namespace Dataplane.Cni.Results;

/// <summary>Writes the result of ADD in the form of a version.</summary>
internal static class AttachmentWriter
{
    /// <summary>Writes one document.</summary>
    public static void Write(Utf8JsonWriter json, Attachment attachment, CniVersion version)
    {
        json.WriteStartObject();
        json.WriteString("cniVersion", version.Text);
        json.WriteStartArray("interfaces");
        foreach (var item in attachment.Interfaces)
        {
            json.WriteStartObject();
            json.WriteString("name", item.Name);
            if (item.Mac.Length > 0) json.WriteString("mac", item.Mac);
            if (item.Sandbox.Length > 0) json.WriteString("sandbox", item.Sandbox);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("ips");
        foreach (var ip in attachment.Addresses) WriteAddress(json, ip, version);
        json.WriteEndArray();
        json.WriteStartArray("routes");
        foreach (var route in attachment.Routes)
        {
            json.WriteStartObject();
            json.WriteString("dst", route.Destination);
            if (route.Gateway is not null) json.WriteString("gw", route.Gateway.ToString());
            if (route.Mtu > 0 && version.IsAtLeast(CniVersion.V1_1_0)) json.WriteNumber("mtu", route.Mtu);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        if (attachment.Dns is { } dns)
        {
            json.WritePropertyName("dns");
            dns.WriteTo(json);
        }
        json.WriteEndObject();
    }

    private static void WriteAddress(Utf8JsonWriter json, AttachedAddress ip, CniVersion version)
    {
        json.WriteStartObject();
        if (!version.IsAtLeast(CniVersion.V1_0_0)) json.WriteString("version", ip.Address.AddressFamily == AddressFamily.InterNetworkV6 ? "6" : "4");
        json.WriteString("address", ip.ToString());
        if (ip.Gateway is not null) json.WriteString("gateway", ip.Gateway.ToString());
        if (ip.Interface is { } number) json.WriteNumber("interface", number);
        json.WriteEndObject();
    }
}
