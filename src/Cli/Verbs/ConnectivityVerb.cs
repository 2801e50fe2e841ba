using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using Dataplane.Cli.Connectivity;
using Dataplane.Kubernetes;

namespace Dataplane.Cli.Verbs;

/// <summary>"dpctl connectivity test": proves on a running cluster that pods reach what they should, and nothing else.</summary>
internal static class ConnectivityVerb
{
    private const int MostSeconds = 3600;

    /// <summary>Makes the verb.</summary>
    public static Command Create(VerbRunner runner) => new("connectivity", "Test a cluster from within, with pods of its own") { Test(runner) };

    private static Command Test(VerbRunner runner)
    {
        var kubeconfig = new Option<string>("--kubeconfig")
        {
            Description = "File that names the cluster and the user; without it $KUBECONFIG, then ~/.kube/config", HelpName = "FILE",
        };
        var inCluster = new Option<bool>("--in-cluster") { Description = "Use the service account of the pod that dpctl runs in" };
        var server = new Option<string>("--api-server") { Description = "Address of the API server in place of the one in the environment or file", HelpName = "URL" };
        var place = new Option<string>("--namespace") { Description = "Namespace that the test makes and deletes, and another with -held at its end", HelpName = "NAME", DefaultValueFactory = _ => new ConnectivityOptions().Namespace };
        var image = new Option<string>("--image") { Description = "Image of the test's pods: an agnhost", HelpName = "IMAGE", DefaultValueFactory = _ => ConnectivityOptions.DefaultImage };
        var filter = new Option<string>("--test") { Description = "Only scenarios whose name matches", HelpName = "REGEX" };
        var junit = new Option<string>("--junit") { Description = "Write the results as JUnit XML", HelpName = "FILE" };
        var timeout = new Option<string>("--timeout") { Description = "Longest time for the set-up and for each scenario", HelpName = "SECONDS", DefaultValueFactory = _ => "120" };
        var world = new Option<string>("--world") { Description = "HTTP server outside of the cluster that pods reach", HelpName = "ADDRESS:PORT" };
        var outside = new Option<bool>("--outside") { Description = "dpctl runs outside of the cluster and reaches the nodes: ask node ports from here" };
        var dataplane = new Option<string>("--dataplane-namespace") { Description = "Namespace of the dataplane's own pods", HelpName = "NAME", DefaultValueFactory = _ => new ConnectivityOptions().DataplaneNamespace };
        var drops = new Option<string[]>("--allow-drops") { Description = "A drop reason that is expected here; may be given several times", HelpName = "REASON" };
        timeout.Validators.Add(result =>
        {
            var text = result.GetValueOrDefault<string>();
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds is < 1 or > MostSeconds)
                result.AddError($"--timeout {text}: not a number from 1 to {MostSeconds}");
        });
        filter.Validators.Add(result => Try(
            result, $"--test {result.GetValueOrDefault<string>()}: not a regular expression:", text => _ = new Regex(text)));
        world.Validators.Add(result => Try(result, "--world", text => WorldAddress.Parse(text)));
        server.Validators.Add(result => Try(result, "", text => ApiServerAccess.ParseServer(text, "--api-server")));
        var command = new Command("test", "Run the scenarios that hold on a healthy cluster; exit code 1 when one fails")
        {
            kubeconfig, inCluster, server, place, image, filter, junit, timeout, world, outside, dataplane, drops,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(inCluster) && result.GetResult(kubeconfig) is not null)
                result.AddError("--in-cluster and --kubeconfig exclude each other");
        });
        return runner.BindFormatlessStream(command, async (context, cancel) =>
        {
            var arguments = context.Arguments;
            ApiServerAccess access;
            try
            {
                access = Access(arguments.GetValue(kubeconfig), arguments.GetValue(inCluster), arguments.GetValue(server));
            }
            catch (AccessException e)
            {
                await context.Host.Error.WriteLineAsync($"dpctl: {e.Message}");
                return ExitCode.Usage;
            }
            var options = new ConnectivityOptions
            {
                Namespace = arguments.GetValue(place)!,
                Image = arguments.GetValue(image)!,
                Filter = arguments.GetValue(filter) is { } pattern ? new Regex(pattern, RegexOptions.CultureInvariant) : null,
                JUnit = arguments.GetValue(junit) ?? "",
                Limit = TimeSpan.FromSeconds(int.Parse(arguments.GetValue(timeout)!, CultureInfo.InvariantCulture)),
                World = arguments.GetValue(world) ?? "",
                Outside = arguments.GetValue(outside),
                DataplaneNamespace = arguments.GetValue(dataplane)!,
                AllowedDrops = arguments.GetValue(drops) ?? [],
            };
            using var api = new ClusterApi(new ApiClient(access, new ApiTiming(), "dpctl"));
            return await new ConnectivityRun(api, access.Server, options, context.Output, context.Host.Error).RunAsync(cancel);
        });
    }

    private static ApiServerAccess Access(string? kubeconfig, bool inCluster, string? server)
    {
        Uri? address = server is null ? null : ApiServerAccess.ParseServer(server, "--api-server");
        if (inCluster)
            return ServiceAccount.Read(ServiceAccount.Directory, address, Environment.GetEnvironmentVariable);
        // A proxy on this machine asks for nobody's name.
        if (address is not null && kubeconfig is null && address.IsLoopback && address.Scheme == Uri.UriSchemeHttp)
            return new ApiServerAccess { Server = address };
        var file = kubeconfig ?? Environment.GetEnvironmentVariable("KUBECONFIG");
        if (string.IsNullOrEmpty(file))
            file = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".kube", "config");
        var access = Kubeconfig.Read(file);
        return address is null ? access : access with { Server = address };
    }

    private static void Try(System.CommandLine.Parsing.OptionResult result, string option, Action<string> parse)
    {
        try
        {
            parse(result.GetValueOrDefault<string>());
        }
        catch (Exception e) when (e is ArgumentException or FormatException or AccessException)
        {
            result.AddError($"{option} {e.Message}".TrimStart());
        }
    }
}
