using System.Net.Sockets;
using Dataplane.Control.Server;

namespace Dataplane.Control.Cleanup;

/// <summary><c>dataplane cleanup</c>: removes what a dataplane that has ended left on the node; <c>dataplane cleanup kube-proxy</c>: what kube-proxy left.</summary>
internal static class CleanupCommand
{
    private const int Success = 0, Failure = 1, BadUsage = 2;
    private const string UnixScheme = "unix://";

    /// <summary>How it is called.</summary>
    public const string Usage =
        """
        usage: dataplane cleanup [--host-port NAME] [--state-dir DIR] [--control unix:///path] [--pods] [--force]
                 undoes what an ended dataplane left on this node: XDP programs, rules, routes, settings and the host port
                 --host-port NAME  as given to `run` (default dp-host)
                 --state-dir DIR   as given to `run` (default /run/dataplane)
                 --control ADDRESS as given to `run` (default: as noted in the state directory)
                 --pods            removes the interfaces of pods, too; they must be attached again
                 --force           does not mind that a dataplane seems to run
               dataplane cleanup kube-proxy
                 removes the rules, tables and devices of a kube-proxy that has ended, whatever its mode was
        """;

    /// <summary>Runs the command line behind "cleanup".</summary>
    /// <returns>0 when nothing is left.</returns>
    public static int Run(IReadOnlyList<string> arguments, TextWriter output, TextWriter error)
    {
        string hostPort = "dp-host", stateDirectory = "/run/dataplane";
        string? control = null;
        bool kubeProxy = false, pods = false, force = false;
        for (int i = 0; i < arguments.Count; i++)
        {
            switch (arguments[i])
            {
                case "--help" or "-h":
                    output.WriteLine(Usage);
                    return Success;
                case "kube-proxy" when arguments.Count == 1:
                    kubeProxy = true;
                    break;
                case "--host-port" when i + 1 < arguments.Count:
                    hostPort = arguments[++i];
                    break;
                case "--state-dir" when i + 1 < arguments.Count:
                    stateDirectory = arguments[++i];
                    break;
                case "--control" when i + 1 < arguments.Count && arguments[i + 1].StartsWith(UnixScheme + "/", StringComparison.Ordinal):
                    control = arguments[++i][UnixScheme.Length..];
                    break;
                case "--pods":
                    pods = true;
                    break;
                case "--force":
                    force = true;
                    break;
                default:
                    error.WriteLine($"dataplane cleanup: '{arguments[i]}' is not understood here\n{Usage}");
                    return BadUsage;
            }
        }
        if (kubeProxy) return new KubeProxyCleanup(output).Run() ? Success : Failure;
        control ??= StateDirectory.ControlSocketOf(stateDirectory) ?? Path.Combine(stateDirectory, "control.sock");
        if (!force && (StateDirectory.IsInUse(stateDirectory) ? $"has {stateDirectory}" : IsRunning(control) ? $"answers at {control}" : null) is { } sign)
        {
            error.WriteLine($"dataplane cleanup: a dataplane {sign}; stop it first, or it would work on without what is removed here (--force does it all the same)");
            return Failure;
        }
        if (!new NodeCleanup(output, hostPort, stateDirectory, pods, control).Run()) return Failure;
        StateDirectory.Forget(stateDirectory);
        return Success;
    }

    private static bool IsRunning(string controlSocket)
    {
        if (!File.Exists(controlSocket)) return false;
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(controlSocket));
            return true;
        }
        catch (SocketException)
        {
            return false; // left by one that is gone
        }
    }
}
