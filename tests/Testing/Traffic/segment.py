#!/usr/bin/env python3
"""One TCP segment as nobody's stack would send it, by a raw socket, and what answers it. Standard library only.

  segment.py SOURCE PORT DESTINATION PORT FLAGS [--sequence N] [--acknowledgment N] [--wait SECONDS]

FLAGS are letters as tcpdump has them: S A F R P. Each answer is a line: FLAGS from ADDRESS:PORT.
"""
import argparse
import socket
import struct
import time

BITS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16}


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def segment(options):
    flags = sum(BITS[letter] for letter in options.flags)
    header = struct.pack("!HHIIBBHHH", options.source_port, options.destination_port, options.sequence, options.acknowledgment, 5 << 4, flags, 1000, 0, 0)
    pseudo = struct.pack("!4s4sBBH", socket.inet_aton(options.source), socket.inet_aton(options.destination), 0, socket.IPPROTO_TCP, len(header))
    return header[:16] + struct.pack("!H", checksum(pseudo + header)) + header[18:]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("source")
    parser.add_argument("source_port", type=int)
    parser.add_argument("destination")
    parser.add_argument("destination_port", type=int)
    parser.add_argument("flags")
    parser.add_argument("--sequence", type=int, default=1000)
    parser.add_argument("--acknowledgment", type=int, default=2000)
    parser.add_argument("--wait", type=float, default=1.0, help="seconds to listen for answers")
    options = parser.parse_args()

    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    sock.bind((options.source, 0))
    sock.sendto(segment(options), (options.destination, 0))
    until = time.monotonic() + options.wait
    while (left := until - time.monotonic()) > 0:
        sock.settimeout(left)
        try:
            packet, (address, _) = sock.recvfrom(65535)
        except TimeoutError:
            return
        tcp = packet[(packet[0] & 15) * 4:]
        source_port, destination_port = struct.unpack("!HH", tcp[:4])
        if destination_port != options.source_port:
            continue                      # it sees what every socket of this namespace receives
        letters = "".join(letter for letter, bit in BITS.items() if tcp[13] & bit)
        print(f"{letters} from {address}:{source_port}", flush=True)


main()
