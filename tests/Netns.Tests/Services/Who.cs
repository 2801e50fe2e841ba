using System.Globalization;
using Dataplane.Testing;

namespace Dataplane.Netns.Tests.Services;

/// <summary>Runs Traffic/who.py, whose servers are in every pod, on every node and in the world.</summary>
internal static class Who
{
    /// <summary>Ports of its servers.</summary>
    public const int Tcp = 7002, Udp = 7003, OtherUdp = 7004;

    private static string Program => Installed.TestFile("Traffic/who.py");

    /// <summary>Asks once. Options are those of "who.py ask".</summary>
    public static Answer Ask(NetworkNamespace client, string protocol, string address, int port, params string[] options) =>
        AskMany(client, protocol, address, port, 1, options).Single();

    /// <summary>The same where silence is what is expected: it does not wait for long.</summary>
    public static Answer AskNothing(NetworkNamespace client, string protocol, string address, int port, params string[] options) =>
        Ask(client, protocol, address, port, ["--timeout", "0.7", .. options]);

    /// <summary>Asks again and again: by TCP on new connections, by UDP from one socket.</summary>
    public static IReadOnlyList<Answer> AskMany(NetworkNamespace client, string protocol, string address, int port, int count, params string[] options) =>
        [.. client.Run(TimeSpan.FromMinutes(1), Installed.Python, [Program, "ask", protocol, address, Number(port), "--count", Number(count), "--timeout", "5", .. options]).Output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Answer.Parse)];

    /// <summary>How often each pod answered a number of new connections; failures count by their name.</summary>
    public static Dictionary<string, int> Count(NetworkNamespace client, string address, int port, int count) =>
        AskMany(client, "tcp", address, port, count).CountBy(answer => answer.Error ?? answer.Pod!).ToDictionary();

    /// <summary>Opens a connection, waits until it was answered once, and keeps it; with "--interval S" it asks again every S seconds.</summary>
    public static Dialogue Hold(NetworkNamespace client, string address, int port, params string[] options)
    {
        var dialogue = new Dialogue(client.Start(Installed.Python, [Program, "hold", address, Number(port), "--timeout", "10", .. options]));
        dialogue.WaitFor(answers => answers.Count > 0, "be answered for the first time");
        return dialogue;
    }

    /// <summary>Sends datagrams from one socket until it is disposed, one every 0.1 s at most.</summary>
    public static Dialogue KeepAsking(NetworkNamespace client, string address, int port, params string[] options) =>
        new(client.Start(Installed.Python, [Program, "ask", "udp", address, Number(port), "--count", "0", "--interval", "0.1", "--timeout", "0.5", .. options]));

    /// <summary>Opens one connection after the other until it is disposed.</summary>
    public static Dialogue KeepConnecting(NetworkNamespace client, string address, int port) =>
        new(client.Start(Installed.Python, [Program, "ask", "tcp", address, Number(port), "--count", "1000000", "--interval", "0.005"]));

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
