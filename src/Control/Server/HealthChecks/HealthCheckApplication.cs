using System.Collections.Frozen;
using System.Globalization;
using Dataplane.Control.Metrics;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Dataplane.Control.Server.HealthChecks;

/// <summary>
/// kube-proxy's answer, byte for byte (pkg/proxy/healthcheck): 200 if the service has endpoints on this node and the node does its work, else 503, whatever
/// path and method are asked for. Which service is known by the port that the request came by.
/// </summary>
internal sealed class HealthCheckApplication(IHealthSource health) : IHttpApplication<HttpContext>
{
    private volatile FrozenDictionary<ushort, HealthCheckPort> _ports = FrozenDictionary<ushort, HealthCheckPort>.Empty;

    /// <summary>From now on these are the services.</summary>
    public void Publish(FrozenDictionary<ushort, HealthCheckPort> ports) => _ports = ports;

    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public void DisposeContext(HttpContext context, Exception? exception)
    {
    }

    public Task ProcessRequestAsync(HttpContext context)
    {
        if (!_ports.TryGetValue((ushort)context.Connection.LocalPort, out var port))
        {
            context.Abort(); // a connection from before the port was closed
            return Task.CompletedTask;
        }
        bool healthy = health.FindUnhealthy().Count == 0;
        string body =
            $"{{\n\t\"service\": {{\n\t\t\"namespace\": \"{port.Namespace}\",\n\t\t\"name\": \"{port.Service}\"\n\t}},\n"
            + string.Create(CultureInfo.InvariantCulture, $"\t\"localEndpoints\": {port.LocalEndpoints},\n\t\"serviceProxyHealthy\": {(healthy ? "true" : "false")}\n}}");
        var response = context.Response;
        response.StatusCode = port.LocalEndpoints > 0 && healthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        response.ContentType = "application/json";
        response.ContentLength = body.Length; // names of objects are ASCII
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["X-Load-Balancing-Endpoint-Weight"] = port.LocalEndpoints.ToString(CultureInfo.InvariantCulture);
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.WriteAsync(body);
    }
}
