using Dataplane.Cni.Tests.Calls;
using Xunit;

namespace Dataplane.Cni.Tests;

/// <summary>The result of ADD, letter by letter, in every version.</summary>
public sealed class ResultTests
{
    private const string WithFamilies = """
        {
          "cniVersion": "VERSION",
          "interfaces": [
            {
              "name": "dp0123456789a"
            },
            {
              "name": "eth0",
              "mac": "0a:58:0a:f4:01:07",
              "sandbox": "NETNS"
            }
          ],
          "ips": [
            {
              "version": "4",
              "address": "10.244.1.7/32",
              "gateway": "10.244.1.1",
              "interface": 1
            },
            {
              "version": "6",
              "address": "fd00:10:244:1::7/128",
              "gateway": "fd00:10:244:1::1",
              "interface": 1
            }
          ],
          "routes": [
            {
              "dst": "0.0.0.0/0",
              "gw": "10.244.1.1"
            },
            {
              "dst": "::/0",
              "gw": "fd00:10:244:1::1"
            }
          ]
        }

        """;

    private const string WithMtu = """
        {
          "cniVersion": "VERSION",
          "interfaces": [
            {
              "name": "dp0123456789a"
            },
            {
              "name": "eth0",
              "mac": "0a:58:0a:f4:01:07",
              "sandbox": "NETNS"
            }
          ],
          "ips": [
            {
              "address": "10.244.1.7/32",
              "gateway": "10.244.1.1",
              "interface": 1
            },
            {
              "address": "fd00:10:244:1::7/128",
              "gateway": "fd00:10:244:1::1",
              "interface": 1
            }
          ],
          "routes": [
            {
              "dst": "0.0.0.0/0",
              "gw": "10.244.1.1",
              "mtu": 1450
            },
            {
              "dst": "::/0",
              "gw": "fd00:10:244:1::1",
              "mtu": 1450
            }
          ]
        }

        """;

    [Theory]
    [InlineData("0.3.0", WithFamilies)]
    [InlineData("0.3.1", WithFamilies)]
    [InlineData("0.4.0", WithFamilies)]
    [InlineData("1.0.0", null)]
    [InlineData("1.1.0", WithMtu)]
    public void IsInTheFormOfTheVersionAsked(string version, string? golden)
    {
        // 1.0 has neither the family of addresses nor the MTU of routes.
        golden ??= WithMtu.Replace(",\n      \"mtu\": 1450", "", StringComparison.Ordinal);
        using var call = new Call("ADD");
        call.Configuration["cniVersion"] = version;
        call.Ipam.Answer = """{"ips":[{"address":"10.244.1.7/24"},{"address":"fd00:10:244:1::7/64"}]}""";
        call.Succeeds();
        Assert.Equal(golden.Replace("VERSION", version, StringComparison.Ordinal).Replace("NETNS", call.NetworkNamespace, StringComparison.Ordinal), call.Output);
    }
}
