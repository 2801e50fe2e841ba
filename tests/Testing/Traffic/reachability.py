#!/usr/bin/env python3
"""Who reaches whom: servers and probes for many network namespaces in one process. Standard library only.

  reachability.py serve FILE     listens in every "server" of FILE until it is killed
  reachability.py probe FILE     tries every "probe" of FILE at once; prints what was answered, as JSON

FILE is {"servers": [{"name", "netns", "ports"}], "clients": [{"name", "netns"}],
         "probes": [{"client", "address", "protocol", "port"}], "timeout": seconds}.
The answer to a probe is the name of the server that it reached, "refused", or null when none came in time.

A socket belongs to the namespace in which it was made, so one thread enters each namespace in turn, makes its sockets
there, and serves them all from one poll loop.
"""
import ctypes
import errno
import json
import os
import select
import socket
import struct
import sys
import time

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def enter(netns):
    fd = os.open(netns, os.O_RDONLY)
    try:
        if libc.setns(fd, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns({netns})")
    finally:
        os.close(fd)


def serve(servers):
    poll, names, listeners = select.poll(), {}, {}
    for server in servers:
        enter(server["netns"])
        for port in server["ports"]:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                sock = socket.socket(socket.AF_INET, kind)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.bind(("", port))
                if kind == socket.SOCK_STREAM:
                    sock.listen(1024)
                sock.setblocking(False)
                listeners[sock.fileno()] = sock
                names[sock.fileno()] = server["name"].encode()
                poll.register(sock, select.POLLIN)
    print("serving", flush=True)
    while True:
        for fd, _ in poll.poll():
            try:
                answer(listeners[fd], names[fd])
            except OSError:
                pass                          # the client is gone, or policy drops our answer


def answer(sock, name):
    if sock.type == socket.SOCK_DGRAM:
        _, peer = sock.recvfrom(2048)
        sock.sendto(name, peer)
        return
    connection, _ = sock.accept()
    # A reset instead of FIN: thousands of probes leave no TIME_WAIT behind, on either side.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))
    connection.send(name)
    lingering.append((time.monotonic(), connection))
    while lingering and (len(lingering) > 2000 or lingering[0][0] < time.monotonic() - 2):
        lingering.pop(0)[1].close()


lingering = []                                # closed only after the name has arrived


def probe(clients, probes, timeout):
    namespaces = {client["name"]: client["netns"] for client in clients}
    answers, pending, poll = [None] * len(probes), {}, select.poll()
    inside = None
    for i in sorted(range(len(probes)), key=lambda i: probes[i]["client"]):
        what = probes[i]
        if inside != what["client"]:
            inside = what["client"]
            enter(namespaces[inside])
        tcp = what["protocol"] == "TCP"
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM)
        sock.setblocking(False)
        code = sock.connect_ex((what["address"], what["port"]))
        if code not in (0, errno.EINPROGRESS):
            answers[i] = os.strerror(code)
            continue
        if not tcp:
            say(sock)
        pending[sock.fileno()] = (i, sock, tcp)
        poll.register(sock, select.POLLIN)
    start = asked = time.monotonic()
    while pending and (left := start + timeout - time.monotonic()) > 0:
        for fd, _ in poll.poll(min(left, 0.1) * 1000):
            i, sock, _ = pending.pop(fd)
            poll.unregister(fd)
            answers[i] = hear(sock)
            sock.close()
        if time.monotonic() - asked > 0.25:   # UDP may be lost; TCP repeats by itself
            asked = time.monotonic()
            for i, sock, tcp in pending.values():
                if not tcp:
                    say(sock)
    json.dump(answers, sys.stdout)


def say(sock):
    try:
        sock.send(b"?")
    except OSError:
        pass                                  # an ICMP error of the send before; hear() reports it


def hear(sock):
    try:
        return sock.recv(2048).decode() or "closed"
    except ConnectionRefusedError:
        return "refused"
    except OSError as error:
        return error.strerror


def main():
    with open(sys.argv[2], encoding="utf-8") as file:
        plan = json.load(file)
    if sys.argv[1] == "serve":
        serve(plan["servers"])
    probe(plan["clients"], plan["probes"], plan["timeout"])


main()
