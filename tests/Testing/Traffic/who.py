#!/usr/bin/env python3
"""Who answers, and whom it takes for its client: by TCP and UDP. Standard library only.

  who.py ask tcp HOST PORT ...     a new connection for each question
  who.py ask udp HOST PORT ...     all questions from one socket
  who.py hold HOST PORT ...        one TCP connection, and what becomes of it
  who.py serve NAME ...            the other side, where that of traffic.py does not suffice

The other side answers lines on TCP 7002 and datagrams on UDP 7003 and 7004.

Each line of output is a JSON object. An answer has "pod", who answered, "client" and "port", whom it saw, and "at", the port
that it was asked at. Otherwise there is "error": "refused", "reset", "closed", "silence" (none in time), "unreachable" or
"too large" (with "mtu"). "ms" is how long it took, "from" the port of this end.
"""
import argparse
import errno
import json
import select
import socket
import struct
import sys
import threading
import time

TCP_PORT, UDP_PORTS = 7002, (7003, 7004)
IP_MTU_DISCOVER, IP_PMTUDISC_DO, IP_MTU, IP_PKTINFO = 10, 2, 14, 8       # include/uapi/linux/in.h
LATER = 0.5                               # seconds, for a datagram that asks to be answered so much later

ERRORS = {
    errno.ECONNREFUSED: "refused", errno.ECONNRESET: "reset", errno.EPIPE: "reset", errno.ETIMEDOUT: "silence",
    errno.EHOSTUNREACH: "unreachable", errno.ENETUNREACH: "unreachable", errno.EMSGSIZE: "too large",
}


def serve(name, tcp_ports=(TCP_PORT,), udp_ports=UDP_PORTS):
    """Answers in threads of its own."""
    for port in tcp_ports:
        listener = socket.create_server(("", port), backlog=1024)
        threading.Thread(target=accept, args=(listener, name, port), daemon=True).start()
    for port in udp_ports:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)                # the answer leaves from the address that was asked
        sock.bind(("", port))
        threading.Thread(target=datagrams, args=(sock, name, port), daemon=True).start()


def accept(listener, name, port):
    while True:
        connection, peer = listener.accept()
        threading.Thread(target=lines, args=(connection, peer, name, port), daemon=True).start()


def lines(connection, peer, name, port):
    text = json.dumps({"pod": name, "client": peer[0], "port": peer[1], "at": port}).encode() + b"\n"
    try:
        with connection, connection.makefile("rb") as questions:
            for _ in questions:
                connection.sendall(text)
    except OSError:
        pass


def datagrams(sock, name, port):
    while True:
        data, control, _, peer = sock.recvmsg(65535, 256)
        destination = next(c[2] for c in control if c[0] == socket.IPPROTO_IP and c[1] == IP_PKTINFO)[4:8]
        source = [(socket.IPPROTO_IP, IP_PKTINFO, struct.pack("=i4s4s", 0, destination, b"\0" * 4))]
        text = json.dumps({"pod": name, "client": peer[0], "port": peer[1], "at": port, "size": len(data)}).encode()
        if data.startswith(b"later"):
            threading.Timer(LATER, send, (sock, text, source, peer)).start()
        else:
            send(sock, text, source, peer)


def send(sock, text, source, peer):
    try:
        sock.sendmsg([text], source, 0, peer)
    except OSError:
        pass


def report(begun, **what):
    print(json.dumps(what | {"ms": round((time.monotonic() - begun) * 1000)}), flush=True)


def report_error(begun, error, **what):
    report(begun, error=ERRORS.get(error.errno, "silence" if isinstance(error, TimeoutError) else str(error)), **what)


def make_socket(kind, source, options):
    sock = socket.socket(socket.AF_INET, kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)           # one port towards several destinations
    sock.bind((source, options.source_port))
    sock.settimeout(options.timeout)
    return sock


def ask_tcp(source, options):
    for _ in range(options.count):
        begun = time.monotonic()
        with make_socket(socket.SOCK_STREAM, source, options) as sock:
            try:
                sock.connect((options.host, options.port))
                sock.sendall(b"who\n")
                with sock.makefile("rb") as answers:
                    answer = answers.readline()
                report(begun, **(json.loads(answer) if answer else {"error": "closed"}))
            except OSError as error:
                report_error(begun, error)
        time.sleep(options.interval)


def ask_udp(source, options):
    sock = make_socket(socket.SOCK_DGRAM, source, options)
    if options.dont_fragment:
        sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
    sock.connect((options.host, options.port))
    question = (b"later" if options.later else b"who").ljust(options.size, b".")
    number = 0
    while number < options.count or options.count == 0:
        number += 1
        begun = time.monotonic()
        try:
            sock.send(question)
            if options.later:
                return
            report(begun, **json.loads(sock.recv(65535)))
        except OSError as error:
            mtu = {"mtu": sock.getsockopt(socket.IPPROTO_IP, IP_MTU)} if error.errno == errno.EMSGSIZE else {}
            report_error(begun, error, **mtu)
        time.sleep(options.interval)


def hold(options):
    sock = make_socket(socket.SOCK_STREAM, options.source[0], options)
    begun = time.monotonic()
    try:
        sock.connect((options.host, options.port))
        sock.sendall(b"who\n")
        answers = sock.makefile("rb")
        while True:
            answer = answers.readline()
            if not answer:
                report(begun, error="closed")
                return
            report(begun, **json.loads(answer), **{"from": sock.getsockname()[1]})
            begun = time.monotonic()
            if options.interval:
                time.sleep(options.interval)
                begun = time.monotonic()
                sock.sendall(b"who\n")
            else:
                sock.settimeout(None)     # and now only waits
    except OSError as error:
        report_error(begun, error)


def main():
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers(dest="verb", required=True)
    ask = verbs.add_parser("ask")
    ask.add_argument("protocol", choices=["tcp", "udp"])
    held = verbs.add_parser("hold")
    server = verbs.add_parser("serve")
    server.add_argument("name")
    server.add_argument("--tcp", type=int, nargs="*", default=[], help="ports")
    server.add_argument("--udp", type=int, nargs="*", default=[], help="ports")
    for verb in (ask, held):
        verb.add_argument("host")
        verb.add_argument("port", type=int)
        verb.add_argument("--source", nargs="+", default=[""], help="address of this end; of several, each asks")
        verb.add_argument("--source-port", type=int, default=0, help="port of this end")
        verb.add_argument("--interval", type=float, default=0.0, help="seconds between questions; hold: 0 asks once, then waits")
        verb.add_argument("--timeout", type=float, default=2.0, help="seconds to wait for an answer")
    ask.add_argument("--count", type=int, default=1, help="questions; 0 of udp: until it is killed")
    ask.add_argument("--size", type=int, default=0, help="bytes of a datagram, at least")
    ask.add_argument("--dont-fragment", action="store_true")
    ask.add_argument("--later", action="store_true", help="ask to be answered later, and be gone by then")
    options = parser.parse_args()
    if options.verb == "hold":
        hold(options)
    elif options.verb == "serve":
        serve(options.name, options.tcp, options.udp)
        print("serving", flush=True)
        threading.Event().wait()
    else:
        for source in options.source:
            (ask_tcp if options.protocol == "tcp" else ask_udp)(source, options)


if __name__ == "__main__":
    main()
