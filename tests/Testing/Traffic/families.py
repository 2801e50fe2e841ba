#!/usr/bin/env python3
"""A server of both address families, and its clients. Standard library only.

  families.py serve NAME             TCP 7080 and UDP 7081 at all addresses, until it is killed
  families.py tcp HOST PORT          asks over TCP; --count: again and again, --source: from an address
  families.py udp HOST PORT          asks with datagrams of --size bytes; --count and --source as with tcp
  families.py fetch HOST PORT MB     downloads, and checks what came
  families.py push HOST PORT MB      uploads, and checks what arrived

A client prints a line for each question: who answered and whom it saw ("web-1 fd00::7"), with udp also how many bytes came
("web-1 fd00::7 3000"); or "refused", "silence", "unreachable" or "reset".
"""
import argparse
import errno
import hashlib
import random
import socket
import struct
import sys
import threading

TCP_PORT, UDP_PORT = 7080, 7081
IP_PKTINFO, IPV6_RECVPKTINFO, IPV6_PKTINFO = 8, 49, 50     # include/uapi/linux/in.h, in6.h
BLOCK = random.Random(6).randbytes(1 << 20)
ERRORS = {errno.ECONNREFUSED: "refused", errno.ECONNRESET: "reset", errno.EPIPE: "reset",
          errno.EHOSTUNREACH: "unreachable", errno.ENETUNREACH: "unreachable"}


def content(megabytes):
    for i in range(megabytes):
        yield struct.pack("!Q", i) + BLOCK[8:]


def digest(megabytes):
    total = hashlib.sha256()
    for block in content(megabytes):
        total.update(block)
    return total.hexdigest()


def answer(connection, peer, name):
    with connection, connection.makefile("rb") as lines:
        try:
            for line in lines:
                word, *rest = line.split()
                if word == b"who":
                    connection.sendall(f"{name} {peer[0]}\n".encode())
                elif word == b"fetch":
                    for block in content(int(rest[0])):
                        connection.sendall(block)
                elif word == b"push":
                    left, total = int(rest[0]) << 20, hashlib.sha256()
                    while left > 0:
                        block = lines.read(min(left, 1 << 20))
                        if not block:
                            break
                        total.update(block)
                        left -= len(block)
                    connection.sendall(total.hexdigest().encode() + b"\n")
        except OSError:
            pass


def listen(family, name):
    listener = socket.create_server(("", TCP_PORT), family=family, backlog=1024)
    while True:
        connection, peer = listener.accept()
        threading.Thread(target=answer, args=(connection, peer, name), daemon=True).start()


def datagrams(family, name):
    sock = socket.socket(family, socket.SOCK_DGRAM)
    level, kind = (socket.IPPROTO_IPV6, IPV6_PKTINFO) if family == socket.AF_INET6 else (socket.IPPROTO_IP, IP_PKTINFO)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.setsockopt(level, IPV6_RECVPKTINFO if family == socket.AF_INET6 else IP_PKTINFO, 1)
    sock.bind(("", UDP_PORT))
    while True:
        data, control, _, peer = sock.recvmsg(65535, 256)
        asked = next(c[2] for c in control if c[:2] == (level, kind))
        # The answer leaves from the address that was asked, by whatever device the routes say.
        here = asked[:16] + b"\0" * 4 if family == socket.AF_INET6 else struct.pack("=i4s4s", 0, asked[4:8], b"\0" * 4)
        right = data == BLOCK[:len(data)]
        text = f"{name} {peer[0]} {len(data) if right else -1} ".encode()
        try:
            # As long as the question, so that the way back is tried as well.
            sock.sendmsg([text.ljust(len(data), b".")], [(level, kind, here)], 0, peer)
        except OSError:
            pass


def serve(name):
    for family in (socket.AF_INET, socket.AF_INET6):
        for body in (listen, datagrams):
            threading.Thread(target=body, args=(family, name), daemon=True).start()
    # Ready when all four are bound.
    while True:
        try:
            for host in ("127.0.0.1", "::1"):
                socket.create_connection((host, TCP_PORT), 1).close()
            break
        except OSError:
            threading.Event().wait(0.05)
    print("serving", flush=True)
    threading.Event().wait()


def connect(options):
    sock = socket.create_connection((options.host, options.port), options.timeout, (options.source, 0) if options.source else None)
    sock.settimeout(options.timeout)
    return sock


def attempt(ask):
    try:
        print(ask(), flush=True)
    except TimeoutError:
        print("silence", flush=True)
    except OSError as error:
        print(ERRORS.get(error.errno, str(error)), flush=True)


def ask_tcp(options):
    with connect(options) as sock:
        sock.sendall(b"who\n")
        with sock.makefile("rb") as lines:
            return lines.readline().decode().strip()


def ask_udp(sock, options):
    sock.send(BLOCK[:options.size])
    data = sock.recv(65535)
    return data.decode().rstrip(".").strip() if len(data) == options.size else f"an answer of {len(data)} bytes"


def fetch(options):
    with connect(options) as sock:
        sock.sendall(f"fetch {options.megabytes}\n".encode())
        total, left = hashlib.sha256(), options.megabytes << 20
        while left > 0:
            block = sock.recv(min(left, 1 << 20))
            if not block:
                return f"cut off, {left} bytes are missing"
            total.update(block)
            left -= len(block)
        return "right" if total.hexdigest() == digest(options.megabytes) else "wrong"


def push(options):
    with connect(options) as sock:
        sock.sendall(f"push {options.megabytes}\n".encode())
        for block in content(options.megabytes):
            sock.sendall(block)
        with sock.makefile("rb") as lines:
            return "right" if lines.readline().decode().strip() == digest(options.megabytes) else "wrong"


def main():
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("serve").add_argument("name")
    for name in ("tcp", "udp", "fetch", "push"):
        verb = verbs.add_parser(name)
        verb.add_argument("host")
        verb.add_argument("port", type=int)
        if name in ("fetch", "push"):
            verb.add_argument("megabytes", type=int)
        verb.add_argument("--count", type=int, default=1)
        verb.add_argument("--size", type=int, default=100, help="bytes of a datagram, 64 at least")
        verb.add_argument("--source", default="", help="address of this end")
        verb.add_argument("--timeout", type=float, default=2.0, help="seconds to wait for an answer")
    options = parser.parse_args()
    if options.verb == "serve":
        serve(options.name)
    elif options.verb == "udp":
        family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
        for _ in range(options.count):
            with socket.socket(family, socket.SOCK_DGRAM) as sock:       # a flow of its own
                sock.bind((options.source, 0))
                sock.settimeout(options.timeout)
                sock.connect((options.host, options.port))
                attempt(lambda: ask_udp(sock, options))
    else:
        ask = {"tcp": ask_tcp, "fetch": fetch, "push": push}[options.verb]
        for _ in range(options.count):
            attempt(lambda: ask(options))


sys.exit(main())
