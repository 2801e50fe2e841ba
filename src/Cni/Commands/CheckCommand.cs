using Dataplane.Cni.Configuration;
using Dataplane.Contracts.V1;

namespace Dataplane.Cni.Commands;

/// <summary>CHECK: interface, addresses and routes are still as "prevResult" has them, in the pod and in the dataplane, and the address is still the pod's.</summary>
internal static class CheckCommand
{
    /// <summary>Runs it.</summary>
    /// <exception cref="CniException">Code 101 names all that is wrong; code 3: the pod is not attached.</exception>
    public static void Run(CniCall call)
    {
        var pod = call.Environment.Pod.RequireNamed();
        string name = call.Environment.Interface;
        var expected = call.Configuration.ReadPrevious() ?? throw JsonKeys.Bad("prevResult", null, "CHECK compares with it");
        if (expected.Find(name) is not { } number)
            throw JsonKeys.Bad("prevResult.interfaces", call.Configuration.Json["prevResult"]!["interfaces"], $"the pod's interface {name} is not among them");

        var addresses = expected.Addresses.Where(ip => ip.Interface is null || ip.Interface == number).ToList();
        var problems = call.Dataplane.Check(new CheckEndpointRequest
        {
            Namespace = pod.Namespace,
            Pod = pod.Name,
            ContainerId = call.Environment.ContainerId,
            Interface = name,
            Mac = expected.Interfaces[number].Mac,
            Addresses = { addresses.Select(ip => ip.Address.ToString()) },
            // Plugins after this one may have added routes of their own, by other interfaces.
            Routes = { expected.Routes.Where(route => addresses.Any(ip => Equals(ip.Gateway, route.Gateway))).Select(route => route.Destination) },
        });
        if (problems.Count > 0) throw new CniException(CniErrorCode.CheckFailed, $"pod {pod}: {string.Join("; ", problems)}");
        call.Ipam.Check();
    }
}
