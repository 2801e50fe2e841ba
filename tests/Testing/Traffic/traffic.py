#!/usr/bin/env python3
"""The server that every pod of a test runs, and the sender of datagrams. Standard library only.

  traffic.py serve NAME            HTTP on 8080, UDP on 7001, and who.py's ports, until it is killed
  traffic.py send HOST PORT ...    datagrams with a checkable content; --segment: in one UDP_SEGMENT call
"""
import argparse
import hashlib
import http.server
import json
import os
import random
import select
import socket
import struct
import sys
import threading
import time

import who

HTTP_PORT, UDP_PORT = 8080, 7001
SOL_UDP, UDP_SEGMENT = 17, 103            # include/uapi/linux/udp.h
HEADER = struct.Struct("!IIB")            # run, sequence, flags; then a pattern that depends on the sequence
ECHO = 1
BLOCK = random.Random(1).randbytes(1 << 20)


def datagram(run, sequence, size, flags):
    """A datagram of `size` bytes; smaller than the header is padded to it."""
    body = max(size - HEADER.size, 0)
    start = sequence % 251                # a segment that is cut or swapped shows in its content
    return HEADER.pack(run, sequence, flags) + (BLOCK[start:start + body])


def serve(name):
    received = {}                         # run -> [[sequence, size, content is right]]
    big = {}                              # megabytes -> sha256, computed once

    def datagrams():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        # The reply must leave from the address that was asked: a node has several.
        sock.setsockopt(socket.IPPROTO_IP, 8, 1)                                  # IP_PKTINFO
        sock.bind(("", UDP_PORT))
        while True:
            data, control, _, peer = sock.recvmsg(65535, 256)
            if len(data) < HEADER.size:
                continue
            run, sequence, flags = HEADER.unpack_from(data)
            right = data == datagram(run, sequence, len(data), flags)
            received.setdefault(run, []).append([sequence, len(data), right])
            if flags & ECHO:
                info = next(c[2] for c in control if c[0] == socket.IPPROTO_IP and c[1] == 8)
                info = struct.pack("=i4s4s", 0, info[4:8], b"\0" * 4)             # ipi_spec_dst only
                sock.sendmsg([data], [(socket.IPPROTO_IP, 8, info)], 0, peer)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            client = self.client_address[0]
            print(f"{client} GET {self.path}", flush=True)
            if self.path.startswith("/big/"):
                return self.send_big(int(self.path[5:]))
            if self.path.startswith("/datagrams/"):
                text = json.dumps(received.get(int(self.path[11:]), []))
            else:
                text = json.dumps({"pod": name, "client": client})
            self.answer(text.encode() + b"\n", {})

        def answer(self, body, headers):
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            for key, value in headers.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(body)

        def send_big(self, megabytes):
            if megabytes not in big:
                total = hashlib.sha256()
                for i in range(megabytes):
                    total.update(struct.pack("!Q", i) + BLOCK[8:])
                big[megabytes] = total.hexdigest()
            self.send_response(200)
            self.send_header("Content-Length", str(megabytes << 20))
            self.send_header("X-Sha256", big[megabytes])
            self.end_headers()
            for i in range(megabytes):
                self.wfile.write(struct.pack("!Q", i) + BLOCK[8:])

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 128

    threading.Thread(target=datagrams, daemon=True).start()
    who.serve(name)
    server = Server(("", HTTP_PORT), Handler)
    print("serving", flush=True)
    server.serve_forever()


def send(options):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    sock.connect((options.host, options.port))
    flags = ECHO if options.echo else 0
    sizes = [options.size] * options.count
    if options.last:
        sizes[-1] = options.last
    packets = [datagram(options.run, i, size, flags) for i, size in enumerate(sizes)]
    if options.segment:
        sock.sendmsg([b"".join(packets)], [(SOL_UDP, UDP_SEGMENT, struct.pack("=H", options.size))])
        return 0
    for packet in packets:
        sock.send(packet)
        if options.echo:
            readable, _, _ = select.select([sock], [], [], options.timeout)
            if not readable:
                print(f"no echo of {len(packet)} bytes within {options.timeout} s", file=sys.stderr)
                return 1
            if sock.recv(65535) != packet:
                print(f"the echo of {len(packet)} bytes differs from what was sent", file=sys.stderr)
                return 1
        elif options.pause:
            time.sleep(options.pause)
    return 0


def main():
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("serve")
    verb.add_argument("name")
    verb = verbs.add_parser("send")
    verb.add_argument("host")
    verb.add_argument("port", type=int)
    verb.add_argument("--run", type=int, default=os.getpid())
    verb.add_argument("--size", type=int, default=1400, help="bytes of UDP payload")
    verb.add_argument("--last", type=int, default=0, help="bytes of the last datagram, if it differs")
    verb.add_argument("--count", type=int, default=1)
    verb.add_argument("--segment", action="store_true")
    verb.add_argument("--echo", action="store_true", help="wait for each datagram to come back")
    verb.add_argument("--timeout", type=float, default=2.0, help="seconds")
    verb.add_argument("--pause", type=float, default=0.0, help="seconds between datagrams")
    options = parser.parse_args()
    if options.verb == "serve":
        serve(options.name)
    sys.exit(send(options))


main()
