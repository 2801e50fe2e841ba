using System.Net.NetworkInformation;

namespace Dataplane.Control.Options;

/// <summary>Makes <see cref="DataplaneOptions"/> of defaults, the configuration file and the command line, in this order.</summary>
public static class OptionLoader
{
    private const string ConfigFlag = "config";

    /// <summary>Reads and validates once.</summary>
    /// <param name="arguments">What follows <c>dataplane run</c>: <c>--key value</c> or <c>--key=value</c>.</param>
    /// <exception cref="OptionException">Anything is wrong; all faults are reported together.</exception>
    public static DataplaneOptions Load(IReadOnlyList<string> arguments)
    {
        var faults = new List<string>();
        var flags = ReadFlags(arguments, faults);
        var texts = new Dictionary<string, OptionSetting>(StringComparer.Ordinal);
        if (flags.Remove(ConfigFlag, out string? path))
        {
            foreach (var (key, value) in ConfigFile.Read(path))
                Add(texts, key, value, OptionSource.File, $"{path}: ", faults);
        }
        foreach (var (key, value) in flags)
        {
            texts.Remove(key);
            Add(texts, key, value, OptionSource.Flag, "--", faults);
        }
        var options = new DataplaneOptions();
        var settings = new List<OptionSetting>(OptionTable.All.Length);
        foreach (var definition in OptionTable.All)
        {
            if (!texts.TryGetValue(definition.Key, out var setting))
            {
                if (definition.Default is null)
                {
                    faults.Add($"{definition.Key}: not set; give --{definition.Key} (for example {definition.Example}) or put it in the file of --config. {definition.Doc}");
                    continue;
                }
                setting = new OptionSetting(definition.Key, definition.Default, OptionSource.Default);
            }
            settings.Add(setting);
            Apply(definition, options, setting, faults);
        }
        options.Settings = settings;
        if (faults.Count == 0 && options.Uplink == "auto")
            options.Uplink = FindUplink(options, faults); // first: the rules are about the device itself
        if (faults.Count == 0)
            OptionRules.Check(options, faults);
        return faults.Count == 0 ? options : throw new OptionException(faults);
    }

    private static Dictionary<string, string> ReadFlags(IReadOnlyList<string> arguments, List<string> faults)
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal);
        for (int i = 0; i < arguments.Count; i++)
        {
            string argument = arguments[i];
            if (!argument.StartsWith("--", StringComparison.Ordinal))
            {
                faults.Add($"'{argument}': not an option; write --key value");
                continue;
            }
            int equals = argument.IndexOf('=', StringComparison.Ordinal);
            string key = equals < 0 ? argument[2..] : argument[2..equals];
            string? value = equals >= 0 ? argument[(equals + 1)..] : i + 1 < arguments.Count ? arguments[++i] : null;
            if (value is null)
                faults.Add($"--{key}: no value; write --{key} VALUE");
            else if (!flags.TryAdd(key, value))
                faults.Add($"--{key}: given twice; keep one");
        }
        return flags;
    }

    private static void Add(
        Dictionary<string, OptionSetting> texts, string key, string value, OptionSource source, string where, List<string> faults)
    {
        if (!OptionTable.All.Any(definition => definition.Key == key))
        {
            string? meant = key == ConfigFlag ? null : OptionSuggestion.For(key);
            faults.Add($"{where}{key}: no such option" + (meant is null ? "; 'dataplane run --help' lists them" : $"; did you mean {meant}?"));
        }
        else if (!texts.TryAdd(key, new OptionSetting(key, value, source)))
        {
            faults.Add($"{where}{key}: given twice; keep one");
        }
    }

    private static void Apply(OptionDefinition definition, DataplaneOptions options, OptionSetting setting, List<string> faults)
    {
        try
        {
            definition.Apply(options, setting.Value);
        }
        catch (FormatException e)
        {
            string origin = setting.Source switch { OptionSource.Flag => "--", OptionSource.File => "config file: ", _ => "default of " };
            faults.Add($"{origin}{setting.Key} '{setting.Value}': {e.Message}");
        }
    }

    private static string? FindUplink(DataplaneOptions options, List<string> faults)
    {
        foreach (var nic in NetworkInterface.GetAllNetworkInterfaces())
        {
            if (nic.GetIPProperties().UnicastAddresses.Any(unicast => unicast.Address.Equals(options.NodeIp.IPv4)))
                return nic.Name;
        }
        faults.Add(
            $"uplink 'auto': no interface has node-ip {options.NodeIp.IPv4}; give --uplink NAME, correct --node-ip, or write --uplink none for a cluster of one node");
        return null;
    }
}
