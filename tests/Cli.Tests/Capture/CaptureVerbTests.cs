using System.Buffers.Binary;
using System.Diagnostics;
using Dataplane.Contracts.Grpc;
using Dataplane.Contracts.V1;
using Google.Protobuf;
using Xunit;

namespace Dataplane.Cli.Tests.Capture;

public sealed class CaptureVerbTests : IDisposable
{
    private const uint Section = 0x0A0D0D0A, Interface = 1, Packet = 6;
    private const ulong Time = 1_769_418_423_396_123_456;

    private readonly string _path = Path.Combine(Path.GetTempPath(), $"dpctl-{Guid.NewGuid():N}.pcapng");

    /// <summary>An echo request from 10.0.0.1 to 10.0.0.2; checksums are right, so that tcpdump has nothing to remark.</summary>
    private static readonly byte[] Ping = Convert.FromHexString(
        "0a0000000002" + "0a0000000001" + "0800" +
        "4500001d00010000400166dd" + "0a000001" + "0a000002" +
        "0800a7fc00010002" + "50");

    public void Dispose() => File.Delete(_path);

    [Fact]
    public async Task WritesTheBlocksReadersNeed()
    {
        var control = new FakeControl
        {
            Version = new() { Version_ = "0.1.0", Kernel = "6.18.0" },
            Frames =
            {
                Frame("eth1"),
                Frame("dp-host", outgoing: true),
                Frame("eth1", reason: "PolicyDenied", lost: 3, length: 1500),
            },
        };
        var blocks = PcapngReader.Read((await DpctlRun.Of("capture -o -", control)).Output);

        Assert.Equal([Section, Interface, Packet, Interface, Packet, Packet], blocks.Select(block => block.Type));
        Assert.Equal("4D3C2B1A01000000FFFFFFFFFFFFFFFF", Convert.ToHexString(blocks[0].Body));
        Assert.Equal("Linux 6.18.0", blocks[0].Text(3));
        Assert.StartsWith("dpctl ", blocks[0].Text(4), StringComparison.Ordinal);
        Assert.Equal("0100000000000000", Convert.ToHexString(blocks[1].Body));
        Assert.Equal(("eth1", "dp-host"), (blocks[1].Text(2), blocks[3].Text(2)));
        Assert.Equal([9], blocks[1].Options[9]);

        Assert.Equal((0u, 1u, 0u), (Word(blocks[2], 0), Word(blocks[4], 0), Word(blocks[5], 0)));
        Assert.Equal(Time, ((ulong)Word(blocks[2], 4) << 32) | Word(blocks[2], 8));
        Assert.Equal(((uint)Ping.Length, 1500u), (Word(blocks[5], 12), Word(blocks[5], 16)));
        Assert.Equal(Ping, blocks[2].Body[20..(20 + Ping.Length)]);
        Assert.Equal([1, 0, 0, 0], blocks[2].Options[2]);
        Assert.Equal([2, 0, 0, 0], blocks[4].Options[2]);
        Assert.Equal("dropped: PolicyDenied", blocks[5].Text(1));
        Assert.Equal([3, 0, 0, 0, 0, 0, 0, 0], blocks[5].Options[4]);
        Assert.Equal([2], blocks[2].Options.Keys);
    }

    [Fact]
    public async Task HandsFiltersOnAndReportsTheCount()
    {
        var control = new FakeControl { Frames = { Frame("eth1"), Frame("eth1", lost: 4) } };
        var run = await DpctlRun.Of($"capture -o {_path} --pod default/web-0 --address 10.0.0.1 --snap 96 -c 2", control);
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(
            new CaptureRequest { Port = "default/web-0", Address = "10.0.0.1", SnapLength = 96, MaxFrames = 2 },
            control.Request<CaptureRequest>());
        Assert.Equal("dpctl: capturing on default/web-0, frames of 10.0.0.1; Ctrl-C ends\ndpctl: 2 frames captured, 4 lost\n", run.Errors);
        Assert.Equal(96u, Word(PcapngReader.Read(await File.ReadAllBytesAsync(_path))[1], 4));
    }

    [Fact]
    public async Task CtrlCLeavesACompleteFile()
    {
        using var interrupt = new CancellationTokenSource();
        var control = new FakeControl { Frames = { Frame("eth1") }, KeepsStreaming = true, WhenDrained = interrupt.Cancel };
        var run = await DpctlRun.Of($"capture -o {_path}", control, interrupt.Token);
        Assert.Equal(0, run.ExitCode);
        Assert.Equal([Section, Interface, Packet], PcapngReader.Read(await File.ReadAllBytesAsync(_path)).Select(block => block.Type));
    }

    [Fact]
    public async Task ACaptureOfNothingIsStillAValidFile()
    {
        await DpctlRun.Of($"capture -o {_path}");
        Assert.Equal([Section, Interface], PcapngReader.Read(await File.ReadAllBytesAsync(_path)).Select(block => block.Type));
    }

    [Fact]
    public async Task ABrokenStreamKeepsWhatWasCaptured()
    {
        var control = new FakeControl { Frames = { Frame("eth1") }, WhenDrained = () => throw new RpcException(StatusCode.Unavailable, "gone") };
        Assert.Equal(1, (await DpctlRun.Of($"capture -o {_path}", control)).ExitCode);
        Assert.Equal([Section, Interface, Packet], PcapngReader.Read(await File.ReadAllBytesAsync(_path)).Select(block => block.Type));
    }

    [Fact]
    public async Task LeavesNoFileWhenTheDataplaneDoesNotRun()
    {
        var run = await DpctlRun.Of($"capture -o {_path}", new FakeControl { Failure = new RpcException(StatusCode.Unavailable, "no socket") });
        Assert.Equal(1, run.ExitCode);
        Assert.False(File.Exists(_path));
    }

    [Theory]
    [InlineData("--pod shop/nope", "--pod shop/nope: no such pod is attached at this node; see: dpctl endpoint list")]
    [InlineData("--port nope", "--port nope: this node has no such port; see: dpctl port list")]
    public async Task ARefusalNamesTheOptionAndLeavesNoFile(string filter, string message)
    {
        var run = await DpctlRun.Of($"capture -o {_path} {filter}", Refusing());
        Assert.Equal((1, $"dpctl: {message}\n"), (run.ExitCode, run.Errors));
        Assert.False(File.Exists(_path));
    }

    [Fact]
    public async Task ARefusalLeavesAFileThatIsThereAsItWas()
    {
        await File.WriteAllTextAsync(_path, "an earlier capture");
        Assert.Equal(1, (await DpctlRun.Of($"capture -o {_path} --port nope", Refusing())).ExitCode);
        Assert.Equal("an earlier capture", await File.ReadAllTextAsync(_path));
    }

    [Fact]
    public async Task ALongerFileOfAnEarlierCaptureIsReplaced()
    {
        await File.WriteAllBytesAsync(_path, new byte[100_000]);
        await DpctlRun.Of($"capture -o {_path}", new FakeControl { Frames = { Frame("eth1") } });
        Assert.Equal([Section, Interface, Packet], PcapngReader.Read(await File.ReadAllBytesAsync(_path)).Select(block => block.Type));
    }

    [Fact]
    public async Task OnlyItsOwnerMayReadTheFile()
    {
        await DpctlRun.Of($"capture -o {_path}");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_path));
    }

    [Fact]
    public async Task RefusesToWriteBinaryToATerminal()
    {
        var run = await DpctlRun.Of(["capture", "-o", "-"], terminal: true);
        Assert.Equal((2, 0), (run.ExitCode, run.Output.Length));
        Assert.Contains("tcpdump -r -", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NamesAFileThatCannotBeWritten()
    {
        var run = await DpctlRun.Of("capture -o /nonexistent/x.pcapng");
        Assert.Equal(1, run.ExitCode);
        Assert.Equal("dpctl: -o /nonexistent/x.pcapng: there is no directory /nonexistent; make it, or give another file\n", run.Errors);
    }

    [TcpdumpFact]
    public async Task TcpdumpReadsIt()
    {
        var control = new FakeControl { Frames = { Frame("eth1"), Frame("dp-host", outgoing: true, reason: "PolicyDenied") } };
        await DpctlRun.Of($"capture -o {_path}", control);
        using var tcpdump = Process.Start(new ProcessStartInfo("tcpdump", ["-nn", "--nano", "-tt", "-v", "-r", _path])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        string text = await tcpdump.StandardOutput.ReadToEndAsync();
        string errors = await tcpdump.StandardError.ReadToEndAsync();
        await tcpdump.WaitForExitAsync();
        Assert.True(tcpdump.ExitCode == 0, errors);
        Assert.Contains("1769418423.396123456", text, StringComparison.Ordinal);
        Assert.Equal(3, text.Split("10.0.0.1 > 10.0.0.2: ICMP echo request, id 1, seq 2").Length);
        Assert.DoesNotContain("bad cksum", text, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong icmp cksum", text, StringComparison.Ordinal);
    }

    private static FakeControl Refusing() => new() { WhenDrained = () => throw new RpcException(StatusCode.NotFound, "port: 'nope' is no port") };

    private static CapturedFrame Frame(string port, bool outgoing = false, string reason = "", ulong lost = 0, uint? length = null) => new()
    {
        Time = Time, Port = port, Outgoing = outgoing, Length = length ?? (uint)Ping.Length, Data = ByteString.CopyFrom(Ping),
        DropReason = reason, Lost = lost,
    };

    private static uint Word(PcapngBlock block, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(block.Body.AsSpan(offset));
}
