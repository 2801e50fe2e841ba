using System.Text.Json;

namespace Dataplane.Cni;

/// <summary>Writes a failure in the form of the specification.</summary>
internal static class CniErrorWriter
{
    /// <summary>Writes one document.</summary>
    public static void Write(Utf8JsonWriter json, CniVersion version, CniException failure)
    {
        json.WriteStartObject();
        json.WriteString("cniVersion", version.Text);
        json.WriteNumber("code", (int)failure.Code);
        json.WriteString("msg", failure.Message);
        if (failure.Details.Length > 0) json.WriteString("details", failure.Details);
        json.WriteEndObject();
    }
}
