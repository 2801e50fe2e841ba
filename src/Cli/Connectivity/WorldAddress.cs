using System.Globalization;
using System.Net;

namespace Dataplane.Cli.Connectivity;

/// <summary>Address and port of a server outside of the cluster.</summary>
internal static class WorldAddress
{
    private const int HttpPort = 80;

    /// <summary>Takes "192.0.2.7", "192.0.2.7:8000" or "[2001:db8::7]:8000" apart.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static (string Address, int Port) Parse(string text) =>
        IPEndPoint.TryParse(text, out var end)
            ? (end.Address.ToString(), end.Port == 0 ? HttpPort : end.Port)
            : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"{text}: not an address; write it as ADDRESS:PORT, for example 192.0.2.7:80"));
}
