using Dataplane.Control.Apply;
using Dataplane.Testing;
using Xdp.Interop.Links;
using Xunit;

namespace Dataplane.Control.Tests.Apply;

/// <summary>The note of what was before, and who may rely on it.</summary>
public sealed class ChangedSettingsTests : IDisposable
{
    private const string Setting = "ipv4/tcp_fwmark_accept", Ports = "ipv4/ip_local_reserved_ports";
    private readonly ApplySandbox? _box = Privileges.MissingForNetworkNamespaces is null ? new ApplySandbox() : null;
    private readonly string _folder = Directory.CreateTempSubdirectory("dpt-settings-").FullName;

    public void Dispose()
    {
        _box?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [RequiresRootFact]
    public void ASettingThatSomebodyChangedSinceIsNotPutBack() => In(() =>
    {
        var settings = new ChangedSettings(_folder);
        settings.Set(Setting, "1");
        settings.Set("ipv4/fwmark_reflect", "1");
        Sysctl.Write(Setting, "0");
        Assert.Equal(["setting net.ipv4.fwmark_reflect, which is 0 again"], new ChangedSettings(_folder).Restore());
        Assert.Equal("0", Sysctl.Read(Setting));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    });

    [RequiresRootFact]
    public void TheFirstValueIsTheOneThatIsPutBack() => In(() =>
    {
        new ChangedSettings(_folder).Set("ipv4/ip_default_ttl", "65");
        new ChangedSettings(_folder).Set("ipv4/ip_default_ttl", "65");
        new ChangedSettings(_folder).Restore();
        Assert.Equal("64", Sysctl.Read("ipv4/ip_default_ttl"));
    });

    [RequiresRootFact]
    public void ANoteOfAnotherBootIsNotBelieved() => In(() =>
    {
        new ChangedSettings(_folder).Set(Setting, "1");
        string note = Path.Combine(_folder, "changed-settings");
        File.WriteAllText(note, File.ReadAllText(note).Replace("boot ", "boot x", StringComparison.Ordinal));
        Assert.Empty(new ChangedSettings(_folder).Restore());
        Assert.Equal("1", Sysctl.Read(Setting));
    });

    [RequiresRootFact]
    public void ANoteThatSomebodyHasWrittenIntoTakesNoPortsFromOthers() => In(() =>
    {
        Sysctl.Write(Ports, "22");
        new ChangedSettings(_folder).Reserve(PortRanges.Of(30000, 30010));
        string note = Path.Combine(_folder, "changed-settings");
        File.WriteAllText(note, File.ReadAllText(note).Replace("30000", "x", StringComparison.Ordinal));
        new ChangedSettings(_folder).Reserve(PortRanges.Of(30000, 30020));
        Assert.Equal("22,30000-30020", Sysctl.Read(Ports));
    });

    [RequiresRootFact]
    public void AListLongerThanAPageIsReadAsAWhole() => In(() =>
    {
        string list = string.Join(',', Enumerable.Range(0, 4000).Select(i => 10_000 + (2 * i)));
        Sysctl.Write(Ports, list);
        new ChangedSettings(_folder).Reserve(PortRanges.Of(1, 2));
        Assert.Equal("1-2," + list, Sysctl.Read(Ports));
        new ChangedSettings(_folder).Restore();
        Assert.Equal(list, Sysctl.Read(Ports));
    });

    private void In(Action body) => _box!.Node.Run(body);
}
