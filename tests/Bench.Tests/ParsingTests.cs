using Dataplane.Bench.EndToEnd;
using Dataplane.Bench.EndToEnd.Parsing;
using Xunit;

namespace Dataplane.Bench.Tests;

public class ParsingTests
{
    private const string Wrk = """
        Running 2s test @ http://10.96.1.20/
          1 threads and 32 connections
          Thread Stats   Avg      Stdev     Max   +/- Stdev
            Latency     2.06ms    4.14ms  49.62ms   91.02%
            Req/Sec    42.71k     3.85k   50.10k    75.00%
          Latency Distribution
             50%  402.00us
             75%    1.33ms
             90%    5.90ms
             99%   20.55ms
          84961 requests in 2.00s, 17.58MB read
          Socket errors: connect 1, read 2, write 3, timeout 4
          Non-2xx or 3xx responses: 5
        Requests/sec:  42447.30
        Transfer/sec:      8.78MB
        """;

    [Fact]
    public void WrkTotalsAndPercentilesAreReadInMicroseconds()
    {
        var result = WrkResult.Parse(Wrk);

        Assert.Equal(new WrkResult(42447.30, 84961, 402, 20550, 15), result);
    }

    [Fact]
    public void WrkWithoutErrorsCountsNone() =>
        Assert.Equal(0, WrkResult.Parse("100 requests in 1.00s, 1MB read\nRequests/sec: 100.00\n").Errors);

    [Fact]
    public void WrkThatCouldNotConnectIsAnErrorWithItsText()
    {
        var error = Assert.Throws<BenchException>(() => WrkResult.Parse("unable to connect to 127.0.0.1:1 Connection refused\n"));
        Assert.Contains("Connection refused", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void IperfTotalsAreTheReceivers()
    {
        var result = Iperf3Result.Parse("""
            { "start": {}, "intervals": [], "end": {
              "sum_sent": { "bytes": 1100, "bits_per_second": 9000, "retransmits": 7 },
              "sum_received": { "bytes": 1000, "bits_per_second": 8000 } } }
            """);

        Assert.Equal(new Iperf3Result(8000, 1000, 7), result);
    }

    [Theory]
    [InlineData("""{ "end": {}, "error": "unable to connect to server: No route to host" }""", "No route to host")]
    [InlineData("""{ "end": {} }""", "no totals")]
    [InlineData("iperf3: no such file", "no totals")]
    public void IperfFailureIsAnErrorWithItsReason(string output, string reason)
    {
        var error = Assert.Throws<BenchException>(() => Iperf3Result.Parse(output));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MetricsAreFoundByTheirLabels()
    {
        var page = MetricsPage.Parse("""
            # HELP drops Dropped packets.
            # TYPE drops counter
            drops{reason="ArpIgnored",direction="egress"} 7
            drops{reason="a b"} 1.5e3
            drops_other{reason="x"} 4
            up 1
            """);

        Assert.Equal((1, 7, 1500), (page["up"], page["drops{reason=\"ArpIgnored\",direction=\"egress\"}"], page["drops{reason=\"a b\"}"]));
        Assert.Equal([("reason=\"ArpIgnored\",direction=\"egress\"", 7), ("reason=\"a b\"", 1500)], page.Family("drops"));
        Assert.Contains("has no down", Assert.Throws<BenchException>(() => page["down"]).Message);
    }

    [Fact]
    public void ToolResultIsTheLastLineOfJson()
    {
        var line = ToolResult.Format(new Dictionary<string, double> { ["received"] = 5, ["seconds"] = 1.5 });

        Assert.Equal(1.5, ToolResult.Parse("ready\n" + line + "\n")["seconds"]);
    }
}
