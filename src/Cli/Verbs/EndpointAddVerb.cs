using System.CommandLine;
using Dataplane.Cli.Output;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Verbs;

/// <summary>"dpctl endpoint add": attaches a network namespace as a pod, as the CNI plugin does.</summary>
internal static class EndpointAddVerb
{
    /// <summary>Makes the verb.</summary>
    public static Command Create(VerbRunner runner)
    {
        var pod = PodOption.Create("Pod; its labels come from its Pod object", required: true);
        var addresses = AddressesOption();
        var netns = NetnsOption();
        var ifname = new Option<string>("--ifname")
        {
            Description = "Interface inside the pod", HelpName = "NAME", DefaultValueFactory = _ => "eth0",
        };
        var command = new Command("add", "Make a veth pair, move one end into a network namespace, and open the pod's port")
        {
            pod, addresses, netns, ifname,
        };
        return runner.Bind(command, async (context, cancel) =>
        {
            var (@namespace, name) = PodOption.Split(context.Arguments.GetValue(pod)!);
            var request = new AttachEndpointRequest
            {
                Namespace = @namespace,
                Pod = name,
                Netns = Path.GetFullPath(context.Arguments.GetValue(netns)!),
                Interface = context.Arguments.GetValue(ifname)!,
                Addresses = { Split(context.Arguments.GetValue(addresses)) },
            };
            var response = await context.Control.AttachEndpointAsync(request, cancel);
            context.Print(response, output => Write(response, output));
            return ExitCode.Success;
        });
    }

    private static void Write(AttachEndpointResponse response, TextWriter output)
    {
        var endpoint = response.Endpoint;
        output.Write($"{endpoint.Namespace}/{endpoint.Pod} attached as endpoint {endpoint.Id}: ");
        output.Write($"{string.Join(',', endpoint.Addresses)} on {endpoint.HostInterface} ({endpoint.Mac}), ");
        output.Write($"gateway {response.Gateway}{(response.GatewayV6.Length > 0 ? "," + response.GatewayV6 : "")}, mtu {response.Mtu}, {endpoint.State}\n");
    }

    private static Option<string?> AddressesOption()
    {
        var option = new Option<string?>("--ip")
        {
            Description = "Address of the pod; with two families, both", HelpName = "A[,A6]", Required = true,
        };
        option.Validators.Add(result =>
        {
            string[] addresses = Split(result.GetValueOrDefault<string?>());
            foreach (string address in addresses)
                if (!Words.IsAddress(address))
                    result.AddError($"--ip {address}: not an IP address; write for example 10.244.1.7 or 10.244.1.7,fd00::7");
            if (addresses.Length > 1 && addresses.DistinctBy(address => address.Contains(':')).Count() != addresses.Length)
                result.AddError("--ip: one address per family");
        });
        return option;
    }

    private static Option<string?> NetnsOption()
    {
        var option = new Option<string?>("--netns")
        {
            Description = "Network namespace of the pod", HelpName = "PATH", Required = true,
        };
        option.Validators.Add(result =>
        {
            string path = result.GetValueOrDefault<string?>() ?? "";
            if (!path.Contains('/'))
                result.AddError($"--netns {path}: write its path, for example /run/netns/{path} or /proc/PID/ns/net");
        });
        return option;
    }

    private static string[] Split(string? addresses) => (addresses ?? "").Split(',');
}
