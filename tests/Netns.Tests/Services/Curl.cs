using System.Globalization;
using System.Text.Json;
using Dataplane.Testing;

namespace Dataplane.Netns.Tests.Services;

/// <summary>Asks the HTTP servers of the bed, and says in one line what came of it.</summary>
internal static class Curl
{
    /// <summary>The connection was refused: curl's exit code 7, which it has for unreachable hosts as well, and the kernel's word for it.</summary>
    public const string Refused = "refused";

    /// <summary>The connection was reset: curl's exit code 56 while it reads, 55 while it writes, or 7 if that was before it knew of the connection.</summary>
    public const string Reset = "reset";

    /// <summary>No answer in time: curl's exit code 28.</summary>
    public const string Silence = "silence";

    /// <summary>How long to wait for an answer that should come, and for one that should not, seconds.</summary>
    private const double Patience = 10, ShortPatience = 1;

    /// <summary>"pod-11 saw 10.244.1.10", <see cref="Refused" />, <see cref="Silence" />, or what else curl met.</summary>
    public static string Get(NetworkNamespace client, string address, int port) => Get(client, address, port, Patience);

    /// <summary>The same where silence is what is expected: it does not wait for long.</summary>
    public static string GetNothing(NetworkNamespace client, string address, int port) => Get(client, address, port, ShortPatience);

    /// <summary>Asks several at once, and returns what they met in their order.</summary>
    public static string[] GetNothing(params (NetworkNamespace Client, string Address, int Port)[] questions) =>
        Task.WhenAll(questions.Select(q => Task.Run(() => GetNothing(q.Client, q.Address, q.Port)))).GetAwaiter().GetResult();

    /// <summary>Fetches a page; the caller judges exit code, head and body.</summary>
    public static CommandResult Page(NetworkNamespace client, string url) =>
        client.Try(Command.DefaultTimeout, "curl", "-sS", "-i", "--max-time", "5", url);

    private static string Get(NetworkNamespace client, string address, int port, double seconds)
    {
        CommandResult curl = client.Try(
            Command.DefaultTimeout, "curl", "-sSv", "--max-time", seconds.ToString(CultureInfo.InvariantCulture), $"http://{address}:{port}/");
        switch (curl.ExitCode)
        {
            case 0:
                using (JsonDocument json = JsonDocument.Parse(curl.Output))
                    return $"{json.RootElement.GetProperty("pod").GetString()} saw {json.RootElement.GetProperty("client").GetString()}";
            case 7 when curl.Error.Contains("Connection refused", StringComparison.Ordinal):
                return Refused;
            case 7 or 55 or 56 when curl.Error.Contains("Connection reset by peer", StringComparison.Ordinal):
                return Reset;
            case 28:
                return Silence;
            default:
                return $"curl {curl.ExitCode}: {curl.Error.Trim().Split('\n')[^1]}";
        }
    }
}
