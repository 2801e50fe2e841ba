using Dataplane.Testing;
using Dataplane.Testing.Cni;
using Xunit;

namespace Dataplane.Cni.Tests.Nodes;

/// <summary>Calls while no dataplane runs, and after its next start: rows S1 and F5. They have a node of their own.</summary>
public sealed class DownTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [RequiresRootFact]
    public void S1_DelWhileTheDataplaneIsDownReleasesTheAddressAndTheNextStartHasNoSuchPod()
    {
        using var bed = new CniBed();
        bed.ApplyPod("down-a");
        bed.ApplyPod("down-b");
        Container a = bed.NewContainer("down-a"), b = bed.NewContainer("down-b");
        bed.Runtime.Add(a);
        bed.Node.Dataplane!.Signal("KILL");
        bed.Node.Dataplane.WaitForExit(Patience);

        Assert.Equal(51, Assert.Throws<PluginException>(bed.Runtime.Status).Code);
        Assert.Equal(11, Assert.Throws<PluginException>(() => bed.Runtime.Add(b)).Code);
        bed.Runtime.Del(b);
        bed.Runtime.Del(a);
        Assert.Empty(bed.Reserved());

        bed.Node.StartDataplane();
        bed.Node.Dataplane!.WaitUntil(() => bed.Node.TryDpctl("status").Succeeded, "answer dpctl", Patience);
        Assert.Null(bed.StateOf("down-a"));

        // The address of one pod goes to another, and the network namespace of the first still has its old interface.
        bed.Node.Dataplane.WaitUntil(() => TryStatus(bed), "be ready", Patience);
        bed.Runtime.Add(b);
        var again = bed.NewContainer("down-a", a.Net);
        var result = bed.Runtime.Add(again);
        b.Net.Run("ping", "-c", "1", "-W", "2", ((string)result["ips"]![0]!["address"]!).Split('/')[0]);
        bed.Runtime.Check(again);
        int descriptors = bed.NamespaceDescriptors();
        bed.Runtime.Del(b);
        bed.Runtime.Del(again);
        bed.AssertNothingIsLeft(descriptors);
    }

    private static bool TryStatus(CniBed bed)
    {
        try
        {
            bed.Runtime.Status();
            return true;
        }
        catch (PluginException e) when (e.Code is 50 or 51)
        {
            return false;
        }
    }
}
