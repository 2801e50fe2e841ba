using System.Text;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Dataplane.Control.Metrics;

/// <summary>/metrics, /healthz and /readyz.</summary>
internal sealed class MetricsApplication(IReadOnlyList<IMetricsSource> sources, IHealthSource health, ILogger logger) : IHttpApplication<HttpContext>
{
    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public void DisposeContext(HttpContext context, Exception? exception)
    {
    }

    public Task ProcessRequestAsync(HttpContext context)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD";
            return Respond(context, StatusCodes.Status405MethodNotAllowed, "only GET and HEAD\n");
        }
        return context.Request.Path.Value switch
        {
            "/metrics" => Metrics(context),
            "/healthz" => Health(context, health.FindUnhealthy()),
            "/readyz" => Health(context, [.. health.FindUnhealthy(), .. health.FindUnready()]),
            "/" => Respond(context, StatusCodes.Status200OK, "/metrics\n/healthz\n/readyz\n"),
            _ => Respond(context, StatusCodes.Status404NotFound, "not found; there are /metrics, /healthz and /readyz\n"),
        };
    }

    private async Task Metrics(HttpContext context)
    {
        var response = context.Response;
        response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        if (HttpMethods.IsHead(context.Request.Method))
            return;
        try
        {
            Render(response);
        }
        catch (Exception e)
        {
            logger.LogError(e, "/metrics failed");
            // Half a page must not be taken for a whole one: an aborted scrape is seen as up == 0.
            context.Abort();
            return;
        }
        await response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    private void Render(HttpResponse response)
    {
        var writer = new MetricsWriter(response.BodyWriter);
        foreach (var source in sources)
            source.Write(ref writer);
        writer.Flush();
    }

    private static Task Health(HttpContext context, IReadOnlyList<HealthFault> faults)
    {
        if (faults.Count == 0)
            return Respond(context, StatusCodes.Status200OK, "ok\n");
        var body = new StringBuilder();
        foreach (var (component, reason) in faults)
            body.Append(component).Append(": ").Append(reason).Append('\n');
        return Respond(context, StatusCodes.Status503ServiceUnavailable, body.ToString());
    }

    private static Task Respond(HttpContext context, int status, string body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.WriteAsync(body);
    }
}
