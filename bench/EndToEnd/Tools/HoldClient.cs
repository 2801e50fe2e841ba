using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using Dataplane.Bench.EndToEnd.Parsing;

namespace Dataplane.Bench.EndToEnd.Tools;

/// <summary>
/// Opens many connections and holds them: in each round every connection sends a byte and is answered with its backend's number. Prints a
/// line of JSON per second, and "lost BACKEND ERRNO MILLISECONDS COUNT" for connections that ended, grouped by 10 ms. Times are of the machine's
/// monotonic clock, so that those of several processes can be compared.
/// </summary>
internal sealed class HoldClient : IDisposable
{
    private const byte Gone = 0, Connecting = 1, Opening = 2, Quiet = 3, Asked = 4;
    private const int ReadSize = 64;                       // bytes
    private const int LossGrain = 10;                      // ms
    private const int WaitMilliseconds = 5;                // between looks at what is due
    private static readonly TimeSpan s_report = TimeSpan.FromSeconds(1);

    private readonly int _count;
    private readonly double _rate;         // connections per second
    private readonly double _roundSeconds;
    private readonly IntPtr _server;
    private readonly IntPtr _buffer = Marshal.AllocHGlobal(ReadSize);
    private readonly EpollSet _poll = new(1024);
    private readonly byte[] _state;        // by descriptor, as the next two
    private readonly byte[] _backend;
    private readonly double[] _began;      // ms
    private readonly List<int> _open = []; // descriptors in the order of opening, those that are gone included
    private readonly List<double> _openingTimes;
    private readonly SortedDictionary<(int Backend, int Errno, long Time), int> _lost = [];
    private int _started, _failed, _misled, _alive;
    private int _cursor, _roundEnd, _asked;
    private double _roundBegan, _lastRoundBegan, _lastRoundEnded;
    private int _rounds, _lastRoundAnswered, _roundAnswered;

    /// <param name="server">Where to.</param>
    /// <param name="count">How many connections.</param>
    /// <param name="rate">How many are begun per second.</param>
    /// <param name="roundSeconds">Over how many seconds the questions of a round are spread.</param>
    internal HoldClient(IPEndPoint server, int count, double rate, double roundSeconds)
    {
        (_count, _rate, _roundSeconds) = (count, rate, roundSeconds);
        _server = RawSocket.Address(server);
        _state = new byte[count + 1000];
        _backend = new byte[_state.Length];
        _began = new double[_state.Length];
        _openingTimes = new List<double>(count);
        Marshal.WriteByte(_buffer, ReadSize - 1, (byte)'?');
    }

    private static double Milliseconds => Stopwatch.GetTimestamp() * 1e3 / Stopwatch.Frequency;

    /// <summary>Runs until it is ended.</summary>
    internal int Run()
    {
        var start = Milliseconds;
        var reported = start;
        while (true)
        {
            var now = Milliseconds;
            Open(start, now);
            Ask(now);
            var count = _poll.Wait(WaitMilliseconds);
            for (var i = 0; i < count; i++)
                Take(_poll[i].Descriptor, _poll[i].Events);
            if (Milliseconds - reported >= s_report.TotalMilliseconds)
            {
                reported = Milliseconds;
                Report(reported);
            }
        }
    }

    public void Dispose()
    {
        _poll.Dispose();
        Marshal.FreeHGlobal(_server);
        Marshal.FreeHGlobal(_buffer);
    }

    private void Open(double start, double now)
    {
        var due = Math.Min(_count, (int)((now - start) / 1e3 * _rate));
        for (; _started < due; _started++)
        {
            var socket = RawSocket.Open();
            if (socket < 0 || socket >= _state.Length)
                throw new BenchException($"socket {_started}: {(socket < 0 ? $"errno {-socket}" : "its number is too large")}; use more client pods");
            _state[socket] = Connecting;
            _began[socket] = Milliseconds;
            var result = RawSocket.Connect(socket, _server);
            if (result is 0 or -RawSocket.Einprogress)
                _poll.Watch(socket, EpollSet.In | EpollSet.Out | EpollSet.EdgeTriggered);
            else
                End(socket, -result);
        }
    }

    // A round's questions are spread over its time, and the next round begins once all are answered: one that is not holds it up.
    private void Ask(double now)
    {
        if (_cursor == _roundEnd && _asked == 0)
        {
            if (_roundEnd > 0)
                (_rounds, _lastRoundBegan, _lastRoundEnded, _lastRoundAnswered) = (_rounds + 1, _roundBegan, now, _roundAnswered);
            (_cursor, _roundEnd, _roundBegan, _roundAnswered) = (0, _open.Count, now, 0);
        }

        var due = Math.Min(_roundEnd, (int)Math.Ceiling((now - _roundBegan) / 1e3 / _roundSeconds * _roundEnd));
        for (; _cursor < due; _cursor++)
        {
            var socket = _open[_cursor];
            if (_state[socket] != Quiet)
                continue;
            _state[socket] = Asked;
            _asked++;
            SendByte(socket);
        }
    }

    private void Take(int socket, uint events)
    {
        if (_state[socket] == Connecting)
        {
            if ((events & (EpollSet.Out | EpollSet.Error | EpollSet.HangUp)) == 0)
                return;
            var error = RawSocket.TakeError(socket, _buffer);
            if (error != 0)
            {
                End(socket, error);
                return;
            }

            _state[socket] = Opening;
            SendByte(socket);
        }

        if ((events & (EpollSet.In | EpollSet.Error | EpollSet.HangUp)) != 0)
            Read(socket);
    }

    private void Read(int socket)
    {
        if (_state[socket] == Gone)
            return;
        var got = RawSocket.Receive(socket, _buffer, ReadSize - 1);
        if (got == -RawSocket.Eagain)
            return;
        if (got <= 0)
        {
            End(socket, -got);
            return;
        }

        var backend = Marshal.ReadByte(_buffer);
        if (_state[socket] == Opening)
        {
            _backend[socket] = backend;
            _openingTimes.Add(Milliseconds - _began[socket]);
            _open.Add(socket);
            _alive++;
        }
        else
        {
            // One connection, two backends, or an answer to nothing: whatever it is, it is wrong.
            if (_state[socket] != Asked || backend != _backend[socket] || got != 1)
                _misled++;
            if (_state[socket] == Asked)
                _asked--;
            _roundAnswered++;
        }

        _state[socket] = Quiet;
    }

    private void SendByte(int socket)
    {
        var sent = RawSocket.Send(socket, _buffer + ReadSize - 1, 1);
        if (sent != 1)
            End(socket, -sent);
    }

    // The descriptor stays open: its number must not come again for another connection.
    private void End(int socket, int error)
    {
        if (_state[socket] is Quiet or Asked)
        {
            _alive--;
            _asked -= _state[socket] == Asked ? 1 : 0;
            var key = (_backend[socket], error, (long)Milliseconds / LossGrain * LossGrain);
            _lost[key] = _lost.GetValueOrDefault(key) + 1;
        }
        else if (_state[socket] != Gone)
        {
            _failed++;
            Console.WriteLine($"failed errno {error}");
        }

        _state[socket] = Gone;
    }

    private void Report(double now)
    {
        foreach (var ((backend, errno, time), count) in _lost)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"lost {backend} {errno} {time} {count}"));
        _lost.Clear();
        var values = new Dictionary<string, double>
        {
            ["now"] = now, ["started"] = _started, ["opened"] = _open.Count, ["alive"] = _alive, ["failed"] = _failed, ["misled"] = _misled,
            ["rounds"] = _rounds, ["round_began"] = _lastRoundBegan, ["round_ended"] = _lastRoundEnded, ["round_answered"] = _lastRoundAnswered,
            ["asked"] = _asked,
        };
        if (_openingTimes.Count == _count)
        {
            _openingTimes.Sort();
            (values["open_p50"], values["open_p99"], values["open_max"]) =
                (_openingTimes[_count / 2], _openingTimes[(int)(_count * 0.99)], _openingTimes[^1]);
        }

        Console.WriteLine(ToolResult.Format(values));
    }
}
