using System.Text.RegularExpressions;

namespace Dataplane.Cli.Connectivity;

/// <summary>What an operator asks of a connectivity test.</summary>
internal sealed record ConnectivityOptions
{
    /// <summary>Namespace that the test makes and deletes; beside it, one whose name ends in "-held".</summary>
    public string Namespace { get; init; } = "dataplane-test";

    /// <summary>Image of all pods of the test: an agnhost.</summary>
    public string Image { get; init; } = DefaultImage;

    /// <summary>Scenarios whose name matches are run; null: all.</summary>
    public Regex? Filter { get; init; }

    /// <summary>File for the results as JUnit XML; empty: none.</summary>
    public string JUnit { get; init; } = "";

    /// <summary>Longest time for the set-up, and for each scenario.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a policy may take to come into force, and to be out of it again.</summary>
    public TimeSpan Settling { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Address and port of an HTTP server outside of the cluster; empty: none is given.</summary>
    public string World { get; init; } = "";

    /// <summary>dpctl itself runs outside of the cluster, and reaches the nodes' addresses.</summary>
    public bool Outside { get; init; }

    /// <summary>Namespace of the dataplane's own pods.</summary>
    public string DataplaneNamespace { get; init; } = "kube-system";

    /// <summary>Drop reasons that say nothing about the dataplane's health, beside those of everyday life.</summary>
    public IReadOnlyList<string> AllowedDrops { get; init; } = [];

    /// <summary>Image when none is given.</summary>
    public const string DefaultImage = "registry.k8s.io/e2e-test-images/agnhost:2.47";
}
