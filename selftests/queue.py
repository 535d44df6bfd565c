#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Takes packets out of an NFQUEUE queue and gives them a verdict.

Usage: queue.py NUMBER VERDICT COUNT FILE

VERDICT is accept, drop or repeat. After COUNT packets it ends. FILE comes to be
when packets can come, and gets a line for each of them: hook, and bytes of the
packet. Needs no more than python3-minimal.
"""
import socket
import struct
import sys

NETLINK_NETFILTER, SUBSYSTEM = 12, 3
PACKET, VERDICT, CONFIG = 0, 1, 2
VERDICTS = {"drop": 0, "accept": 1, "repeat": 4}


def attribute(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + b"\0" * (-len(data) % 4)


def send(sock, kind, number, attributes, flags=1):
    body = struct.pack("!BBH", 0, 0, number) + attributes
    sock.send(struct.pack("=IHHII", 16 + len(body), SUBSYSTEM << 8 | kind, flags, 1, 0) + body)


def configure(sock, number, attributes):
    """With an acknowledgement."""
    send(sock, CONFIG, number, attributes, 5)
    error = struct.unpack_from("=i", sock.recv(8192), 16)[0]
    if error:
        sys.exit("queue %d: error %d" % (number, -error))


def attributes(data):
    found = {}
    while len(data) >= 4:
        size, kind = struct.unpack_from("=HH", data)
        found[kind & 0x3fff] = data[4:size]
        data = data[size + (-size % 4):]
    return found


def main():
    number, verdict, count = int(sys.argv[1]), VERDICTS[sys.argv[2]], int(sys.argv[3])
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    sock.bind((0, 0))
    configure(sock, number, attribute(1, struct.pack("!BxH", 1, 0)))
    configure(sock, number, attribute(2, struct.pack("!IB", 0xffff, 2)))
    with open(sys.argv[4], "w") as file:
        while count:
            data = sock.recv(70000)
            if struct.unpack_from("=H", data, 4)[0] != SUBSYSTEM << 8 | PACKET:
                continue
            found = attributes(data[20:])
            identity, _, hook = struct.unpack("!IHB", found[1][:7])
            file.write("%d %d\n" % (hook, len(found[10])))
            file.flush()
            send(sock, VERDICT, number, attribute(2, struct.pack("!II", verdict, identity)))
            count -= 1


main()
