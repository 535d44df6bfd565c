#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Speaks nflua's generic netlink family without libnflua.

Usage: genl.py listen GROUP...      prints "ready", then a line for each message
       genl.py send REQUEST...      sends requests on one socket; for each prints
                                    "ok", or the error's name and its sentence
       genl.py batch                the same for each line of standard input, with
                                    a new socket; prints the last answer of each
       genl.py repeat COUNT REQUEST...
                                    sends COUNT requests on one socket, the given
                                    ones in turn; a refusal ends it. Prints how many
                                    microseconds each took
       genl.py faults MODE[:STEP] REQUEST [UNDO]...
                                    sends REQUEST again and again while memory fails:
                                    "nth", the Nth allocation; "after", all that N
                                    bytes have no room for; N grows by STEP, until none
                                    fails.
                                    UNDO follows what may have worked. Prints the
                                    last answer, how often each answer came ("policy":
                                    a run whose call failed), and how often a failure
                                    changed the script or a map
       genl.py faults MODE[:STEP] udp:PORT
                                    the same for a datagram to this port of 127.0.0.1,
                                    which must arrive if it was sent ("unheard": it
                                    did not)

REQUEST is COMMAND[:FLAG...]:ATTRIBUTE=VALUE,... with numbers for commands and
attributes as in nflua.h; VALUE is text, u8:NUMBER, u32:NUMBER, u64:NUMBER,
hex:DIGITS, file:PATH or fill:COUNT (so many x). Needs no more than
python3-minimal.
"""
import errno
import os
import socket
import struct
import sys
import time

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


SIZES = {"u8": "=B", "u32": "=I", "u64": "=Q"}


def value_of(text):
    kind, _, number = text.partition(":")
    if kind in SIZES:
        return struct.pack(SIZES[kind], int(number))
    if kind == "hex":
        return bytes.fromhex(number)
    if kind == "fill":
        return b"x" * int(number)
    if kind == "file":
        with open(number, "rb") as file:
            return file.read()
    return text.encode() + b"\0"


def parse(request):
    """Command, flags and attributes of a REQUEST."""
    command, _, rest = request.partition(":")
    flags = 0
    if rest.startswith("dump:"):
        flags, rest = 0x300, rest[5:]
    data = b""
    for part in filter(None, rest.split(",")):
        number, _, text = part.partition("=")
        data += attribute(int(number), value_of(text))
    return int(command), flags, data


def answers(requests):
    sock = Socket()
    family, _ = sock.family()
    for request in requests:
        _, code, text = sock.request(family, *parse(request))
        yield errno.errorcode[code] + ": " + text if code else "ok"


class Nth:
    """Lets the Nth allocation of this thread fail, and no other."""

    def __init__(self, step):
        self.step = step or 1
        self.file = open("/proc/thread-self/fail-nth", "r+b", buffering=0)

    def begin(self, n):
        self.file.write(b"%d" % n)

    def end(self):
        """Whether one failed."""
        # to ask copies to and from this process, which counts and may fail, too
        try:
            left = int(os.pread(self.file.fileno(), 16, 0))
            self.file.write(b"0")
        except OSError:
            left = 1
        return not left


class After:
    """Lets all allocations of this thread fail that N bytes have no room for."""

    TIMES = 1000000

    def __init__(self, step):
        self.step = step or 512
        for name, value in (("task-filter", "Y"), ("interval", "1"), ("probability", "100")):
            self.set(name, value)
        # opening it would fail, too
        self.switch = open("/proc/thread-self/make-it-fail", "wb", buffering=0)

    @staticmethod
    def set(name, value):
        with open("/sys/kernel/debug/failslab/" + name, "w") as file:
            file.write(value)

    def begin(self, n):
        self.set("space", str(n))
        self.set("times", str(self.TIMES))
        self.switch.write(b"1")

    def end(self):
        self.switch.write(b"0")
        with open("/sys/kernel/debug/failslab/times") as file:
            return int(file.read()) < self.TIMES


def found(sock, family, command, flags, data, numbers):
    """Those attributes of the answers to a question that NUMBERS has."""
    replies, code, _ = sock.request(family, command, flags, data)
    yield 0, code
    for payload in replies:
        yield from (pair for pair in attributes(payload[4:]) if pair[0] in numbers)


def state(family, name):
    """What must not change if a request about script or map NAME fails."""
    sock = Socket()
    name = attribute(1, name)
    # flags, limits, generation, states, timing and entry points
    script = list(found(sock, family, 4, 0, name, (2, 6, 7, 9, 13, 19, 20, 21, 22)))
    script = [[part for part in attributes(pair[1]) if part[0] in (1, 2, 3)]
              if pair[0] == 13 else pair for pair in script]
    # names, shapes and number of entries of all maps, and what is in this one
    maps = list(found(sock, family, 13, 0x300, b"", (1, 2, 3, 4, 5, 6, 7, 9)))
    entries = list(found(sock, family, 14, 0x300, name, (11, 12, 13, 14, 15, 16)))
    return script, maps, entries


class Request:
    """A message to the family."""

    def __init__(self, args):
        self.request, self.undo = parse(args[0]), [parse(text) for text in args[1:]]
        self.name = next(value for number, value in attributes(self.request[2]) if number == 1)
        self.family, _ = Socket().family()
        self.before = None

    def begin(self):
        if not self.before:
            self.before = state(self.family, self.name)
        self.sock = Socket()

    def attempt(self):
        replies, code, _ = self.sock.request(self.family, *self.request)
        if code:
            return errno.errorcode[code]
        ran = self.request[0] == 12 and any(number == 13 for payload in replies
                                            for number, _ in attributes(payload[4:]))
        return "policy" if ran else "ok"

    def end(self, answer):
        if answer in ("ok", "lost", "policy"):
            for command in self.undo:
                Socket().request(self.family, *command)
            self.before = None
        elif state(self.family, self.name) != self.before:
            self.before = None
            yield "changed"


class Datagram:
    """A packet that passes the hooks of this host; it is sent by a task."""

    def __init__(self, args):
        self.address = "127.0.0.1", int(args[0].partition(":")[2])
        self.receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.receiver.bind(self.address)
        self.receiver.settimeout(20)

    def begin(self):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def attempt(self):
        self.sock.sendto(b"nflua", self.address)
        return "ok"

    def end(self, answer):
        try:
            if answer == "ok":
                self.receiver.recv(16)
        except OSError:
            yield "unheard"


def faults(args):
    mode, _, step = args[0].partition(":")
    mode = {"nth": Nth, "after": After}[mode](int(step or 0))
    what = (Datagram if args[1].startswith("udp:") else Request)(args[1:])
    counts = {}
    n = 0
    failed = True
    while failed:
        n += mode.step
        what.begin()
        mode.begin(n)
        try:
            answer = what.attempt()
        except (OSError, MemoryError):
            # memory failed on the way to the kernel, or back, or for this process
            answer = "lost"
        failed = mode.end()
        for counted in answer, *what.end(answer):
            counts[counted] = counts.get(counted, 0) + 1
    print("%s at %d;" % (answer, n), *("%s=%d" % pair for pair in sorted(counts.items())))


def send(requests):
    for answer in answers(requests):
        print(answer, flush=True)


def batch(_):
    for line in sys.stdin:
        print(list(answers(line.split()))[-1], flush=True)


def repeat(args):
    count = int(args[0])
    requests = [parse(request) for request in args[1:]]
    sock = Socket()
    family, _ = sock.family()
    began = time.monotonic_ns()
    for i in range(count):
        _, code, text = sock.request(family, *requests[i % len(requests)])
        if code:
            sys.exit("request %d: %s: %s" % (i, errno.errorcode[code], text))
    print((time.monotonic_ns() - began) // 1000 // count)


{"listen": listen, "send": send, "batch": batch, "repeat": repeat,
 "faults": faults}[sys.argv[1]](sys.argv[2:])
