using System.Text.Json;

namespace Dataplane.Cni.Commands;

/// <summary>VERSION: what is spoken here.</summary>
internal static class VersionCommand
{
    /// <summary>Writes the answer.</summary>
    public static void Write(Utf8JsonWriter json, CniVersion version)
    {
        json.WriteStartObject();
        json.WriteString("cniVersion", version.Text);
        json.WriteStartArray("supportedVersions");
        foreach (var supported in CniVersion.All) json.WriteStringValue(supported.Text);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
