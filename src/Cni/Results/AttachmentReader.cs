using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Dataplane.Cni.Configuration;

namespace Dataplane.Cni.Results;

/// <summary>Reads results of any version; the older ones only say more about each address.</summary>
internal static class AttachmentReader
{
    /// <summary>Reads a result.</summary>
    /// <param name="json">The result.</param>
    /// <param name="path">Where it is from, for messages.</param>
    /// <exception cref="CniException">Code 7, naming key and value.</exception>
    public static Attachment Read(JsonObject json, string path) => new()
    {
        Interfaces = [.. json.Objects("interfaces", path + ".").Select(i => new AttachedInterface(i.Text("name") ?? "", i.Text("mac") ?? "", i.Text("sandbox") ?? ""))],
        Addresses = [.. json.Objects("ips", path + ".").Select(ip => ReadAddress(ip, path + ".ips"))],
        Routes = [.. json.Objects("routes", path + ".").Select(route => ReadRoute(route, path + ".routes"))],
        Dns = json.Object("dns", path + "."),
    };

    private static AttachedAddress ReadAddress(JsonObject ip, string path)
    {
        string text = ip.Text("address", path + ".") ?? "";
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !IPAddress.TryParse(text.AsSpan(0, slash), out var address)
            || !int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int length) || length > address.GetAddressBytes().Length * 8)
            throw JsonKeys.Bad(path + ".address", ip["address"], "an address with its prefix length is needed, like 10.244.1.7/32");
        return new AttachedAddress(address, length, ReadGateway(ip, "gateway", path), ip.Number("interface", path + "."));
    }

    private static AttachedRoute ReadRoute(JsonObject route, string path)
    {
        string destination = route.Text("dst", path + ".") ?? throw JsonKeys.Bad(path + ".dst", null, "a prefix is needed, like 0.0.0.0/0");
        return new AttachedRoute(destination, ReadGateway(route, "gw", path), route.Number("mtu", path + ".") ?? 0);
    }

    private static IPAddress? ReadGateway(JsonObject json, string key, string path) => json.Text(key, path + ".") switch
    {
        null or "" => null,
        var text when IPAddress.TryParse(text, out var address) => address,
        _ => throw JsonKeys.Bad($"{path}.{key}", json[key], "an address is needed"),
    };
}
