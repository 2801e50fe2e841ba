using System.Text;

namespace Dataplane.Kubernetes;

/// <summary>Reads a kubeconfig file: the cluster and the user of its current context.</summary>
public static class Kubeconfig
{
    // What other clients may use and this one cannot: to go on without would fail later, for a reason nobody sees.
    private static readonly (string Field, string Remedy)[] s_foreignOfUser =
    [
        ("exec", "programs that make credentials are not run by the agent; give it a token, tokenFile or client-certificate"),
        ("auth-provider", "clients have dropped these; give a token, tokenFile or client-certificate"),
        ("username", "API servers do not take passwords any more; give a token, tokenFile or client-certificate"),
        ("as", "the agent acts as itself; give its own user the right to list and watch"),
    ];

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file; paths in it are relative to its directory.</param>
    /// <exception cref="AccessException">Names file, line, field and remedy.</exception>
    public static ApiServerAccess Read(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AccessException($"--kubeconfig {path}: {e.Message}; give the path of a kubeconfig file");
        }
        try
        {
            using var reader = new StringReader(text);
            var root = new YamlDocuments(reader).Next() ?? throw new AccessException($"--kubeconfig {path}: the file is empty");
            var access = Read(ObjectField.Root(root), Path.GetDirectoryName(Path.GetFullPath(path))!);
            access.Check();
            return access;
        }
        catch (ObjectException e)
        {
            throw new AccessException($"--kubeconfig {path}:{e.Line}:{e.Column}: {e.Message}");
        }
        catch (AccessException e) when (!e.Message.StartsWith("--kubeconfig", StringComparison.Ordinal))
        {
            throw new AccessException($"--kubeconfig {path}: {e.Message}");
        }
    }

    private static ApiServerAccess Read(ObjectField root, string directory)
    {
        var current = root["current-context"].Required();
        var context = Named(root["contexts"], current)["context"].Required();
        var cluster = Named(root["clusters"], context["cluster"].Required())["cluster"].Required();
        if (cluster["proxy-url"].Text().Length > 0)
            throw cluster["proxy-url"].Fail("the agent does not go through a proxy; remove it, and give an address that the node reaches");
        var server = cluster["server"].Required();
        var skip = cluster["insecure-skip-tls-verify"].OptionalBoolean() ?? false;
        var authority = Secret(cluster, "certificate-authority", directory);
        if (skip && authority is not null)
            throw cluster["insecure-skip-tls-verify"].Fail("has no sense beside a certificate-authority; remove one of them");
        var access = new ApiServerAccess
        {
            Server = ParseServer(server), Authority = authority, SkipVerification = skip, ServerName = cluster["tls-server-name"].Text(),
        };
        return context["user"].Exists ? WithUser(access, Named(root["users"], context["user"])["user"].AsMap(), directory) : access;
    }

    private static ApiServerAccess WithUser(ApiServerAccess access, ObjectField user, string directory)
    {
        foreach (var (field, remedy) in s_foreignOfUser)
        {
            if (user[field].Exists)
                throw user[field].Fail(remedy);
        }
        var certificate = Secret(user, "client-certificate", directory);
        var key = Secret(user, "client-key", directory);
        if (certificate is null != key is null)
            throw user[certificate is null ? "client-certificate" : "client-key"].Fail("is required: a certificate and its key go together");
        // As other clients do: the file counts, because it is renewed.
        var file = user["tokenFile"].Text();
        var token = file.Length > 0 ? SecretText.InFile(Path.Combine(directory, file), "tokenFile")
            : user["token"].Text() is { Length: > 0 } text ? SecretText.Of(text, "token")
            : null;
        return access with
        {
            Certificate = certificate is null ? null : new ClientCertificate(certificate, key!), Token = token,
        };
    }

    // As other clients do: of data and a file the data counts.
    private static SecretText? Secret(ObjectField map, string field, string directory)
    {
        var data = map[field + "-data"];
        if (data.Text().Length > 0)
        {
            var bytes = new byte[data.Text().Length];
            return Convert.TryFromBase64String(data.Text(), bytes, out var length)
                ? SecretText.Of(Encoding.UTF8.GetString(bytes, 0, length), data.Path)
                : throw data.Fail("is not base64");
        }
        return map[field].Text() is { Length: > 0 } path ? SecretText.InFile(Path.Combine(directory, path), field) : null;
    }

    private static ObjectField Named(ObjectField list, ObjectField name)
    {
        foreach (var element in list.Elements())
        {
            if (element["name"].Text() == name.Text())
                return element;
        }
        throw name.Fail($"there is no \"{name.Text()}\" among {list.Path}");
    }

    private static Uri ParseServer(ObjectField field)
    {
        try
        {
            return ApiServerAccess.ParseServer(field.Text(), "");
        }
        catch (AccessException e)
        {
            throw field.Fail(e.Message.TrimStart());
        }
    }
}
