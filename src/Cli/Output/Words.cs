using System.Globalization;
using System.Net;
using System.Text;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Output;

/// <summary>How values are spelt in tables and event lines.</summary>
internal static class Words
{
    /// <summary>A cell that would be empty, so that columns stay countable for awk.</summary>
    public static string OrDash(string text) => text.Length == 0 ? "-" : text;

    /// <summary>"address:port", with brackets around IPv6; without the port when it is 0.</summary>
    public static string AddressPort(string address, uint port) =>
        port == 0 ? address : address.Contains(':') ? $"[{address}]:{port}" : $"{address}:{port}";

    /// <summary>"TCP", "UDP" ...; a protocol the contract has no name for as its IP protocol number.</summary>
    public static string Protocol(Protocol protocol, uint number = 0) => protocol switch
    {
        Contracts.V1.Protocol.Tcp => "TCP",
        Contracts.V1.Protocol.Udp => "UDP",
        Contracts.V1.Protocol.Sctp => "SCTP",
        Contracts.V1.Protocol.Icmp => number == 58 ? "ICMPv6" : "ICMP",
        _ => number == 0 ? "ANY" : number.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>"80/TCP", "8000-8100/TCP", "ANY/UDP", or "ANY" when the rule does not look at ports at all.</summary>
    public static string PortRange(Protocol protocol, uint first, uint last)
    {
        if (first == 0 && last == 0)
            return protocol == Contracts.V1.Protocol.Any ? "ANY" : $"ANY/{Protocol(protocol)}";
        string ports = first == last ? $"{first}" : $"{first}-{last}";
        return $"{ports}/{Protocol(protocol)}";
    }

    /// <summary>A reserved identity by its name, any other by its number.</summary>
    public static string Identity(uint id) => id switch
    {
        1 => "host",
        2 => "remote-node",
        3 => "world",
        4 => "unknown-pod",
        _ => id.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>"2.4s", "3m20s", "5h10m", "9d4h": two units are enough to judge an age.</summary>
    public static string Duration(double seconds)
    {
        if (seconds < 60)
            return string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0}s");
        long whole = (long)seconds;
        if (whole < 3600)
            return $"{whole / 60}m{whole % 60}s";
        if (whole < 86400)
            return $"{whole / 3600}h{whole / 60 % 60}m";
        return $"{whole / 86400}d{whole / 3600 % 24}h";
    }

    /// <summary>Percentage with one decimal; "-" of nothing.</summary>
    public static string Percent(ulong part, ulong whole) =>
        whole == 0 ? "-" : string.Create(CultureInfo.InvariantCulture, $"{100.0 * part / whole:0.0}%");

    /// <summary>Enabled or Disabled, as endpoint lists say of policy enforcement.</summary>
    public static string Enforcement(bool isolated) => isolated ? "Enabled" : "Disabled";

    /// <summary>Addresses of one family, one per line.</summary>
    public static string OfFamily(IEnumerable<string> addresses, bool v6) =>
        OrDash(string.Join('\n', addresses.Where(address => address.Contains(':') == v6)));

    /// <summary>Characters to which sentences are wrapped that stand on lines of their own.</summary>
    public const int LineWidth = 100;

    /// <summary>
    /// Breaks a text into lines of at most so many characters, where it has blanks; Markdown's code quotes go. Lines after the first are
    /// indented, which does not count.
    /// </summary>
    public static string Wrap(string text, int width, int indent = 0)
    {
        string end = "\n" + new string(' ', indent);
        var lines = new StringBuilder();
        int used = 0;
        foreach (string word in text.Replace("`", "", StringComparison.Ordinal).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (used > 0)
            {
                bool fits = used + 1 + word.Length <= width;
                lines.Append(fits ? " " : end);
                used = fits ? used + 1 : 0;
            }
            lines.Append(word);
            used += word.Length;
        }
        return lines.ToString();
    }

    /// <summary>Whether it is an address dpctl may hand on. IPAddress alone would take "1" for 0.0.0.1.</summary>
    public static bool IsAddress(string text) =>
        IPAddress.TryParse(text, out _) && (text.Contains(':') || text.Count(c => c == '.') == 3);
}
