namespace Dataplane.Kubernetes;

/// <summary>Access from within a pod, as its service account.</summary>
public static class ServiceAccount
{
    /// <summary>Where the kubelet mounts it.</summary>
    public const string Directory = "/var/run/secrets/kubernetes.io/serviceaccount";

    private const string HostVariable = "KUBERNETES_SERVICE_HOST", PortVariable = "KUBERNETES_SERVICE_PORT";

    /// <summary>Reads the account.</summary>
    /// <param name="directory">Directory with token and ca.crt.</param>
    /// <param name="server">Address of the API server; null: that of its service, from the environment.</param>
    /// <param name="environment">Gives a variable's value.</param>
    /// <exception cref="AccessException">This is not a pod with an account, or nothing says where the server is.</exception>
    public static ApiServerAccess Read(string directory, Uri? server, Func<string, string?> environment)
    {
        var access = new ApiServerAccess
        {
            Server = server ?? ServerOf(environment),
            Authority = SecretText.InFile(Path.Combine(directory, "ca.crt"), "--in-cluster: certificate authority"),
            Token = SecretText.InFile(Path.Combine(directory, "token"), "--in-cluster: token"),
        };
        access.Check();
        return access;
    }

    private static Uri ServerOf(Func<string, string?> environment)
    {
        string host = environment(HostVariable) ?? "", port = environment(PortVariable) ?? "";
        if (host.Length == 0 || port.Length == 0)
            throw new AccessException($"--in-cluster: {HostVariable} and {PortVariable} are not set: this is not a pod; give for example --api-server https://192.168.0.10:6443, or --kubeconfig FILE");
        return ApiServerAccess.ParseServer($"https://{(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}:{port}", $"{HostVariable}, {PortVariable}:");
    }
}
