namespace Dataplane.Cni;

/// <summary>What CNI_ARGS say of the pod. Runtimes of Kubernetes set K8S_POD_NAMESPACE and K8S_POD_NAME; other arguments are for others.</summary>
/// <param name="Namespace">Empty when it was not given.</param>
/// <param name="Name">Empty when it was not given.</param>
/// <param name="Uid">K8S_POD_UID; empty when it was not given.</param>
internal sealed record PodArguments(string Namespace, string Name, string Uid)
{
    // Plugins that read CNI_ARGS by the CNI project's library refuse every key that they do not know, unless this is true.
    private const string IgnoreUnknown = "IgnoreUnknown";

    /// <summary>Whether the pod is known by name.</summary>
    public bool IsNamed => Namespace.Length > 0 && Name.Length > 0;

    /// <summary>Arguments for a plugin that may not know all keys: it is told to ignore those, unless the caller has said whether it is to.</summary>
    /// <param name="text">"KEY=value;KEY=value".</param>
    public static string IgnoringUnknown(string text) =>
        text.Split(';').Any(pair => pair.StartsWith(IgnoreUnknown + "=", StringComparison.Ordinal)) ? text
        : text.Length == 0 ? $"{IgnoreUnknown}=1"
        : $"{IgnoreUnknown}=1;{text}";

    /// <summary>Reads "KEY=value;KEY=value".</summary>
    /// <exception cref="CniException">Code 4: a part has no '='.</exception>
    public static PodArguments Parse(string text)
    {
        string @namespace = "", name = "", uid = "";
        foreach (string pair in text.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0) throw new CniException(CniErrorCode.InvalidEnvironment, $"CNI_ARGS: '{pair}' is not KEY=value");
            string value = pair[(equals + 1)..];
            switch (pair.AsSpan(0, equals))
            {
                case "K8S_POD_NAMESPACE": @namespace = value; break;
                case "K8S_POD_NAME": name = value; break;
                case "K8S_POD_UID": uid = value; break;
            }
        }
        return new PodArguments(@namespace, name, uid);
    }

    /// <summary>Itself, when the pod is named.</summary>
    /// <exception cref="CniException">Code 4: it is not.</exception>
    public PodArguments RequireNamed() => IsNamed ? this : throw new CniException(
        CniErrorCode.InvalidEnvironment, "CNI_ARGS: K8S_POD_NAMESPACE and K8S_POD_NAME are not both set",
        "A pod's policy is found by its name. Runtimes of Kubernetes set both; elsewhere set CNI_ARGS='K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0'.");

    /// <inheritdoc/>
    public override string ToString() => $"{Namespace}/{Name}";
}
