using System.Net;
using System.Net.Sockets;
using Dataplane.Cni.Configuration;
using Dataplane.Cni.Results;
using Dataplane.Contracts.V1;

namespace Dataplane.Cni.Commands;

/// <summary>
/// ADD: addresses from the IPAM plugin, an interface from the dataplane, and then the wait until the pod's policy is in force (P27), so that
/// no container starts before. Whatever fails after the addresses were given is undone.
/// </summary>
internal static class AddCommand
{
    /// <summary>Runs it.</summary>
    /// <exception cref="CniException">It failed, and nothing is left, but for what DEL will remove.</exception>
    public static void Run(CniCall call)
    {
        var pod = call.Environment.Pod.RequireNamed();
        call.Configuration.RefuseWishes();
        if (call.Configuration.ReadPrevious() is { Interfaces.Count: > 0 } or { Addresses.Count: > 0 })
            throw new CniException(CniErrorCode.InvalidConfiguration, "prevResult: there is a plugin before this one, which makes the pod's interface", "Make dataplane-cni the first of the list.");
        if (!File.Exists(call.Environment.NetworkNamespace))
            throw new CniException(CniErrorCode.UnknownContainer, $"CNI_NETNS={call.Environment.NetworkNamespace}: no such network namespace");

        var ranges = call.Configuration.Ipam.NeedsRanges ? PodRanges.Of(call.Dataplane.GetConfig()) : null;
        var given = call.Ipam.Add(ranges);
        bool created = true; // as long as the dataplane has not said otherwise
        try
        {
            var attached = Attach(call, pod, given);
            created = attached.Created;
            RefuseRoutes(given, attached);
            WaitForPolicy(call, pod);
            var result = Result(call, given, attached);
            CniPlugin.Print(call.Host, json => AttachmentWriter.Write(json, result, call.Configuration.Version));
        }
        catch
        {
            // What an earlier ADD has attached is in use.
            if (created) Undo(call);
            throw;
        }
    }

    private static AttachEndpointResponse Attach(CniCall call, PodArguments pod, Attachment given)
    {
        var request = new AttachEndpointRequest
        {
            Namespace = pod.Namespace,
            Pod = pod.Name,
            Addresses = { given.Addresses.Select(ip => ip.Address.ToString()) },
            Netns = call.Environment.NetworkNamespace,
            Interface = call.Environment.Interface,
            ContainerId = call.Environment.ContainerId,
            Uid = pod.Uid,
        };
        try
        {
            return call.Dataplane.Attach(request);
        }
        catch (CniException e) when (DataplaneConnection.IsTaken(e))
        {
            // A pod has one sandbox at a time. An older one that is attached still is on its way out, or its DEL was lost.
            var older = call.Dataplane.ListEndpoints().FirstOrDefault(
                there => there.Namespace == pod.Namespace && there.Pod == pod.Name && there.ContainerId.Length > 0 && there.ContainerId != request.ContainerId);
            if (older is null) throw;
            call.Host.Error.WriteLine($"dataplane-cni: {pod} takes the place of its older container {older.ContainerId}");
            call.Dataplane.Detach(pod.Namespace, pod.Name, older.ContainerId);
            return call.Dataplane.Attach(request);
        }
    }

    // A pod has one way out, by its gateway, so that a route to anywhere needs no mention; but one by somebody else is not to be had.
    private static void RefuseRoutes(Attachment given, AttachEndpointResponse attached)
    {
        foreach (var route in given.Routes)
        {
            if (route.Gateway is { } gateway && gateway.ToString() != attached.Gateway && gateway.ToString() != attached.GatewayV6)
                throw new CniException(CniErrorCode.UnsupportedField, $"ipam.routes: {route.Destination} via {gateway}: not supported", "Pods reach everything by their gateway; leave out \"gw\", or the route.");
        }
    }

    private static void WaitForPolicy(CniCall call, PodArguments pod)
    {
        var time = call.Configuration.PolicyTimeout;
        if (time == TimeSpan.Zero || call.Dataplane.WaitForPolicy(pod, call.Environment.ContainerId, time)) return;
        string message = $"pod {pod}: its policy did not come within {time.TotalSeconds:0.###} s";
        if (call.Configuration.OnPolicyTimeout == PolicyTimeoutAction.Fail)
            throw new CniException(CniErrorCode.TryAgainLater, message, "Is dataplane-agent running, and does it know the pod? See `dpctl endpoint list` and the agent's log.");
        call.Host.Error.WriteLine($"dataplane-cni: {message}; it starts without connectivity");
    }

    private static Attachment Result(CniCall call, Attachment given, AttachEndpointResponse attached)
    {
        const int podInterface = 1; // second of the list
        var addresses = new List<AttachedAddress>();
        var routes = new List<AttachedRoute>();
        foreach (var address in given.Addresses.Select(ip => ip.Address))
        {
            bool isV6 = address.AddressFamily == AddressFamily.InterNetworkV6;
            var gateway = IPAddress.Parse(isV6 ? attached.GatewayV6 : attached.Gateway);
            addresses.Add(new AttachedAddress(address, isV6 ? 128 : 32, gateway, podInterface));
            routes.Add(new AttachedRoute(isV6 ? "::/0" : "0.0.0.0/0", gateway, (int)attached.Mtu));
        }
        return new Attachment
        {
            Interfaces =
            [
                new AttachedInterface(attached.Endpoint.HostInterface, "", ""),
                new AttachedInterface(call.Environment.Interface, attached.Endpoint.Mac, call.Environment.NetworkNamespace),
            ],
            Addresses = addresses,
            Routes = routes,
            Dns = call.Configuration.Dns is { Count: > 0 } dns ? dns : given.Dns is { Count: > 0 } givenDns ? givenDns : null,
        };
    }

    private static void Undo(CniCall call)
    {
        try
        {
            DelCommand.Run(call);
        }
        catch (CniException e)
        {
            // The runtime calls DEL after an ADD that failed; what failed first is what it should hear of.
            call.Host.Error.WriteLine($"dataplane-cni: while undoing: {e.Message}");
        }
    }
}
