#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Speaks nflua's generic netlink family without libnflua.

Usage: genl.py listen GROUP...      prints "ready", then a line for each message
       genl.py send REQUEST...      sends requests on one socket; for each prints
                                    "ok", or the error's name and its sentence
       genl.py batch                the same for each line of standard input, with
                                    a new socket; prints the last answer of each

REQUEST is COMMAND[:FLAG...]:ATTRIBUTE=VALUE,... with numbers for commands and
attributes as in nflua.h; VALUE is text, u32:NUMBER, u64:NUMBER or fill:COUNT
(so many x). Needs no more than python3-minimal.
"""
import errno
import os
import socket
import struct
import sys

NETLINK_GENERIC, SOL_NETLINK = 16, 270
ADD_MEMBERSHIP, CAP_ACK, EXT_ACK = 1, 10, 11
REQUEST, ACK, ACK_TLVS = 1, 4, 0x200
COMMANDS = {5: "event", 6: "log", 7: "error"}
# attributes of such a message: name, and whether it is a number
ATTRIBUTES = {1: ("name", 0), 7: ("generation", 1), 16: ("event", 1), 17: ("cpu", 1),
              18: ("text", 0), 13: ("entry", None)}
ENTRY = {1: ("kind", 1), 2: ("function", 0)}


def attribute(number, data):
    return struct.pack("=HH", len(data) + 4, number) + data + b"\0" * (-len(data) % 4)


def attributes(data):
    while len(data) >= 4:
        size, number = struct.unpack("=HH", data[:4])
        yield number & 0x3fff, data[4:size]
        data = data[(size + 3) // 4 * 4:]


class Socket:
    def __init__(self):
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
        self.sock.bind((0, 0))
        self.sock.setsockopt(SOL_NETLINK, EXT_ACK, 1)
        self.sock.setsockopt(SOL_NETLINK, CAP_ACK, 1)
        self.seq = 0

    def request(self, family, command, flags, data):
        """Sends; returns the replies' payloads, the errno and its sentence."""
        self.seq += 1
        body = struct.pack("=BBH", command, 1, 0) + data
        self.sock.send(struct.pack("=IHHII", len(body) + 16, family, REQUEST | ACK | flags,
                                   self.seq, 0) + body)
        replies = []
        while True:
            for kind, mflags, payload in messages(self.sock.recv(1 << 20)):
                if kind == 2:
                    code = -struct.unpack("=i", payload[:4])[0]
                    text = ""
                    if mflags & ACK_TLVS:
                        for number, value in attributes(payload[20:]):
                            if number == 1:
                                text = value.rstrip(b"\0").decode()
                    return replies, code, text
                if kind == 3:
                    return replies, 0, ""
                replies.append(payload)

    def family(self):
        """Number of the family nflua, and of its groups by name."""
        replies, code, _ = self.request(16, 3, 0, attribute(2, b"nflua\0"))
        if code:
            sys.exit("no family nflua: " + os.strerror(code))
        found = dict(attributes(replies[0][4:]))
        groups = {}
        for _, group in attributes(found[7]):
            values = dict(attributes(group))
            groups[values[1].rstrip(b"\0").decode()] = struct.unpack("=I", values[2])[0]
        return struct.unpack("=H", found[1])[0], groups


def messages(data):
    while len(data) >= 16:
        size, kind, flags = struct.unpack("=IHH", data[:8])
        yield kind, flags, data[16:size]
        data = data[(size + 3) // 4 * 4:]


def show(data, names):
    for number, value in attributes(data):
        name, is_number = names.get(number, ("attribute%d" % number, 0))
        if is_number is None:
            yield from show(value, ENTRY)
        elif is_number:
            yield "%s=%d" % (name, int.from_bytes(value, sys.byteorder))
        else:
            yield "%s=%s" % (name, value.rstrip(b"\0").decode().split("\n")[0])


def listen(names):
    sock = Socket()
    _, groups = sock.family()
    for name in names:
        try:
            sock.sock.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, groups[name])
        except OSError as error:
            sys.exit("%s: %s" % (name, errno.errorcode[error.errno]))
    print("ready", flush=True)
    while True:
        for _, _, payload in messages(sock.sock.recv(1 << 20)):
            print(COMMANDS.get(payload[0], payload[0]), *show(payload[4:], ATTRIBUTES), flush=True)


def value_of(text):
    kind, _, number = text.partition(":")
    if kind in ("u32", "u64"):
        return struct.pack("=I" if kind == "u32" else "=Q", int(number))
    if kind == "fill":
        return b"x" * int(number)
    return text.encode() + b"\0"


def answers(requests):
    sock = Socket()
    family, _ = sock.family()
    for request in requests:
        command, _, rest = request.partition(":")
        flags = 0
        if rest.startswith("dump:"):
            flags, rest = 0x300, rest[5:]
        data = b""
        for part in filter(None, rest.split(",")):
            number, _, text = part.partition("=")
            data += attribute(int(number), value_of(text))
        _, code, text = sock.request(family, int(command), flags, data)
        yield errno.errorcode[code] + ": " + text if code else "ok"


def send(requests):
    for answer in answers(requests):
        print(answer, flush=True)


def batch(_):
    for line in sys.stdin:
        print(list(answers(line.split()))[-1], flush=True)


{"listen": listen, "send": send, "batch": batch}[sys.argv[1]](sys.argv[2:])
