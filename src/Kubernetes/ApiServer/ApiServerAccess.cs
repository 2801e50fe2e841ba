namespace Dataplane.Kubernetes;

/// <summary>How an API server is reached, and who we are to it.</summary>
public sealed record ApiServerAccess
{
    /// <summary>Its address, with a path where it is behind one; ends in a slash.</summary>
    public required Uri Server { get; init; }

    /// <summary>Certificates in PEM that its own must lead to; null: those the machine trusts.</summary>
    public SecretText? Authority { get; init; }

    /// <summary>Name that its certificate must have; empty: that of <see cref="Server"/>.</summary>
    public string ServerName { get; init; } = "";

    /// <summary>Any certificate will do.</summary>
    public bool SkipVerification { get; init; }

    /// <summary>Our certificate; null: none.</summary>
    public ClientCertificate? Certificate { get; init; }

    /// <summary>Our bearer token; null: none.</summary>
    public SecretText? Token { get; init; }

    /// <summary>Reads whatever is in files, so that a wrong name or a bad certificate is told at the start.</summary>
    /// <exception cref="AccessException">One cannot be used.</exception>
    public void Check()
    {
        if (Authority is not null)
            ServerCertificate.ReadAuthorities(Authority);
        Certificate?.Current();
        Token?.Read();
    }

    /// <summary>Takes an address apart.</summary>
    /// <param name="text">The address.</param>
    /// <param name="origin">Where it was given, for the message.</param>
    /// <exception cref="AccessException">It is not one that the agent connects to.</exception>
    public static Uri ParseServer(string text, string origin)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Host.Length == 0
            || (uri.Scheme != Uri.UriSchemeHttps && uri.Scheme != Uri.UriSchemeHttp) || uri.Query.Length > 0 || uri.UserInfo.Length > 0)
            throw new AccessException($"{origin} {text}: not the address of an API server; give for example https://192.168.0.10:6443");
        // In the clear anybody on the way could be the server, and have the token: nothing but a proxy on this machine.
        if (uri.Scheme == Uri.UriSchemeHttp && !uri.IsLoopback)
            throw new AccessException($"{origin} {text}: http is taken for this machine only; give for example https://192.168.0.10:6443");
        return uri.AbsoluteUri.EndsWith('/') ? uri : new Uri(uri.AbsoluteUri + "/");
    }
}
