using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace Dataplane.Cli.Connectivity;

/// <summary>The results in the XML that CI systems read.</summary>
internal static class JUnitReport
{
    private const string Suite = "dpctl connectivity test";

    /// <summary>Writes the results to a file.</summary>
    public static void Write(string path, IReadOnlyList<ScenarioResult> results)
    {
        using var writer = XmlWriter.Create(path, new XmlWriterSettings { Indent = true, CloseOutput = true });
        Document(results).Save(writer);
    }

    /// <summary>The document.</summary>
    public static XDocument Document(IReadOnlyList<ScenarioResult> results) => new(
        new XElement(
            "testsuites",
            new XElement(
                "testsuite",
                new XAttribute("name", Suite),
                new XAttribute("tests", results.Count),
                new XAttribute("failures", results.Count(result => result.Outcome.Kind == ScenarioOutcomeKind.Failed)),
                new XAttribute("errors", 0),
                new XAttribute("skipped", results.Count(result => result.Outcome.Kind == ScenarioOutcomeKind.Skipped)),
                new XAttribute("time", Seconds(results.Aggregate(TimeSpan.Zero, (sum, result) => sum + result.Duration))),
                results.Select(Case))));

    private static XElement Case(ScenarioResult result)
    {
        var element = new XElement(
            "testcase", new XAttribute("classname", Suite), new XAttribute("name", result.Name), new XAttribute("time", Seconds(result.Duration)));
        var detail = Printable(result.Outcome.Detail);
        if (result.Outcome.Kind == ScenarioOutcomeKind.Failed)
            element.Add(new XElement("failure", new XAttribute("message", detail.Split('\n')[0]), detail));
        if (result.Outcome.Kind == ScenarioOutcomeKind.Skipped)
            element.Add(new XElement("skipped", new XAttribute("message", detail)));
        return element;
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture);

    // Outputs of programs may hold what XML cannot.
    private static string Printable(string text) => new([.. text.Select(c => XmlConvert.IsXmlChar(c) ? c : '?')]);
}
