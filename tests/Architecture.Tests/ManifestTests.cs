using System.Diagnostics;
using Xunit;

namespace Dataplane.Architecture.Tests;

/// <summary>What <c>deploy/render.py</c> makes of the chart, and which values it refuses.</summary>
public sealed class ManifestTests
{
    private const string Server = "apiServer=https://192.168.1.1:6443";

    [Fact]
    public void TheManifestsAreThoseOfTheChart() => Assert.Equal((0, "", ""), Render("--check"));

    [Fact]
    public void OptionsStandBesideThoseOfTheChart()
    {
        var (exitCode, output, error) = Render(Server, "podCidr=10.32.0.0/14", "options=log-level: debug\nworkers: 2");
        Assert.Equal((0, ""), (exitCode, error));
        Assert.Contains(
            "  options.yaml: |\n    cluster-cidr: 10.32.0.0/14\n    service-cidr: 10.96.0.0/12\n    routing: vxlan\n    log-level: debug\n    workers: 2\n", output, StringComparison.Ordinal);
        Assert.Contains("--api-server, \"https://192.168.1.1:6443\"", output, StringComparison.Ordinal);
    }

    [Fact]
    public void WithoutTheApiServersAddressNothingIsRendered() => Refuses("apiServer is not set: ", "podCidr=10.32.0.0/14");

    [Theory]
    [InlineData("routing", "is made from the value routing: set that")]
    [InlineData("cluster-cidr", "is made from the value podCidr: set that")]
    [InlineData("service-cidr", "is made from the value serviceCidr: set that")]
    [InlineData("pod-cidr", "is each node's own, and taken from its Node object")]
    [InlineData("node-ip", "is each node's own, and taken from its Node object")]
    [InlineData("node-name", "is each node's own, and taken from its Node object")]
    [InlineData("control", "stays as it is, since the manifests name it")]
    public void AnOptionOfTheChartsOwnIsRefused(string key, string why)
    {
        Refuses($"options: {key} {why}\n", Server, $"options=log-level: debug\n{key}: x");
        Assert.Contains($"\"{key}\"", Repository.Read("deploy/helm/templates/checks.yaml"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--chek", "'--chek' is neither KEY=VALUE nor an option")]
    [InlineData("apiServer", "'apiServer' is neither KEY=VALUE nor an option")]
    [InlineData("image=x", "image: is several values; set one of image.name, ")]
    [InlineData("images.name=x", "images.name: the chart has no such value")]
    [InlineData("podCidr.x=y", "podCidr.x: the chart has no such value")]
    [InlineData("options=routing:native", "options: 'routing:native' is no mapping")]
    [InlineData("options=a: [", "options: not YAML: ")]
    public void ABadArgumentIsNamed(string argument, string message) => Refuses(message, Server, argument);

    [Fact]
    public void HelpSaysHowSeveralOptionsAreGiven()
    {
        var (exitCode, output, _) = Render("--help");
        Assert.Equal(0, exitCode);
        Assert.Contains(@"options=$'log-level: debug\nworkers: 2'", output, StringComparison.Ordinal);
    }

    [Fact]
    public void CleanupIsForTheNodesAndTheHostPortOfTheChart()
    {
        var (exitCode, output, _) = Render("--cleanup", "options=host-port: dp0", "image.architecture=arm64");
        Assert.Equal(0, exitCode);
        Assert.Contains(" --host-port dp0\n", output, StringComparison.Ordinal);
        Assert.Contains("        kubernetes.io/arch: arm64\n", output, StringComparison.Ordinal);
        Assert.Contains(" --host-port dp-host\n", Render("--cleanup").Output, StringComparison.Ordinal);
    }

    private static void Refuses(string message, params string[] arguments)
    {
        var (exitCode, output, error) = Render(arguments);
        Assert.Equal((2, ""), (exitCode, output));
        Assert.StartsWith($"render.py: {message}", error, StringComparison.Ordinal);
    }

    private static (int ExitCode, string Output, string Error) Render(params string[] arguments)
    {
        var start = new ProcessStartInfo("python3", [Path.Combine(Repository.Root, "deploy/render.py"), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
