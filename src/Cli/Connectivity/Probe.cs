using System.Globalization;

namespace Dataplane.Cli.Connectivity;

/// <summary>One question from a pod, and what must come of it.</summary>
/// <param name="From">Name of the pod that asks.</param>
/// <param name="Transport">How.</param>
/// <param name="Address">An IP address or a name.</param>
/// <param name="Port">The port; without a meaning for a ping.</param>
/// <param name="Answer">Host name of who answers; <see cref="Anyone"/>: it does not matter; null: nobody may, and the question gets lost without a word.</param>
internal sealed record Probe(string From, Transport Transport, string Address, int Port, string? Answer)
{
    /// <summary>Some answer.</summary>
    public const string Anyone = "*";

    /// <summary>Seconds that a question may take.</summary>
    private const int Seconds = 3;

    private const int LargeHeader = 6000; // bytes

    // curl's exit codes.
    private const int NotResolved = 6, Refused = 7, TimedOut = 28;

    private string Target => Transport == Transport.Ping ? Address : Endpoint(Address, Port);

    /// <summary>The command to run in the pod.</summary>
    public IReadOnlyList<string> Command => Transport switch
    {
        Transport.Ping => ["ping", "-c", "1", "-W", $"{Seconds}", Address],
        // agnhost's own server asks on behalf of the pod; the loopback is not subject to policy.
        Transport.Udp => [.. Curl(2 * Seconds), $"http://127.0.0.1:{BedObjects.Port}/dial?host={Address}&port={Port}&protocol=udp&request=hostname&tries=1"],
        Transport.TcpLarge => [.. Curl(Seconds), "--header", $"X-Fill: {new string('x', LargeHeader)}", $"http://{Target}/hostname"],
        _ => [.. Curl(Seconds), $"http://{Target}/hostname"],
    };

    /// <summary>Judges what the command came to: null: as it must be; else what was wrong.</summary>
    public string? Judge(ExecResult result)
    {
        var met = Transport switch
        {
            Transport.Ping => result.ExitCode switch { 0 => Anyone, 1 => null, _ => Trouble(result) },
            Transport.Udp => OfDial(result),
            _ => result.ExitCode switch
            {
                0 => result.Output.Trim(),
                TimedOut => null,
                Refused => Unlike("refused"),
                NotResolved => Unlike("its name cannot be resolved"),
                _ => Trouble(result),
            },
        };
        var right = Answer == Anyone ? met is not null && !met.StartsWith('(') : met == (Transport == Transport.Ping && Answer is not null ? Anyone : Answer);
        return right ? null : $"{this}: expected {Words(Answer)}, met {Words(met)}";
    }

    /// <summary>Address and port as in a URL.</summary>
    public static string Endpoint(string address, int port) =>
        string.Create(CultureInfo.InvariantCulture, $"{(address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address)}:{port}");

    /// <inheritdoc/>
    public override string ToString() => $"{From} -> {Transport switch { Transport.Ping => "ping", Transport.Udp => "udp", Transport.TcpLarge => "tcp (large)", _ => "tcp" }} {Target}";

    // What is not an answer is told in brackets, which are in no host name.
    private static string Unlike(string what) => $"({what})";

    private static string Trouble(ExecResult result) => Unlike($"exit code {result.ExitCode}: {(result.Errors + result.Output).Trim().ReplaceLineEndings(" ")}");

    private static string OfDial(ExecResult result) =>
        result.ExitCode != 0 ? Trouble(result)
        : System.Text.Json.Nodes.JsonNode.Parse(result.Output) is not { } answer ? Unlike("no answer from agnhost")
        : answer["responses"]?.AsArray().FirstOrDefault() is { } first && (string?)first is { Length: > 0 } name ? name.Trim()
        : $"{answer["errors"]}".Contains("timeout", StringComparison.Ordinal) ? null!
        : Unlike($"{answer["errors"]?.AsArray().FirstOrDefault()}");

    private static string Words(string? answer) => answer switch { null => "silence", Anyone => "an answer", _ => answer };

    private static string[] Curl(int seconds) => ["curl", "--silent", "--show-error", "--globoff", "--max-time", $"{seconds}"];
}
