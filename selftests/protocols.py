#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makes protocols up, and says what a script must read from bytes that it draws.

Usage: protocols.py DIRECTORY

Writes there
  protocols.lua   a chunk that returns a list of cases: a protocol's declaration,
                  its size, the bytes of a header, the value of each field, and
                  another one to write there
  bytes           for each case its number, the bytes, and those when all fields
                  were written
  stream.lua      one protocol, and the sum of each field over every 65th of many
                  headers, 65 times
  stream          those headers, one behind the other

The values come from the bytes as one long number, and from nothing of nflua's.
Draws the same on each run. Needs no more than python3-minimal.
"""
import socket
import sys

PARTS = 65


class Draw:
    """Numbers in no apparent order."""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2 ** 64
        return (self.state >> 33) % n

    def bytes(self, n):
        return bytes(self.below(256) for _ in range(n))


def draw_fields(draw, wanted):
    """Fields of at least that many bits: (name or None, kind, width, bit)."""
    fields, bit = [], 0
    while bit < wanted or bit % 8:
        kind = draw.below(12)
        if bit >= wanted:
            kind, width = "skip", 8 - bit % 8
        elif kind < 3 and bit % 8 == 0:
            kind, width = [("le", 8 + 8 * draw.below(8)), ("ip4", 32), ("ip6", 128), ("mac", 48),
                           ("bytes", 8 + 8 * draw.below(60))][draw.below(5)]
        elif kind == 3:
            kind, width = "bool", 1
        elif kind == 4:
            kind, width = "skip", 1 + draw.below(13)
        elif kind < 8:
            kind, width = "uint", 1 + draw.below(64)
        else:
            kind, width = "uint", (1, 3, 8, 16, 24, 32, 64)[draw.below(7)]
        fields.append((None if kind == "skip" else "f%d" % len(fields), kind, width, bit))
        bit += width
    return fields, bit


def declaration(name, fields):
    rows = []
    for field, kind, width, _ in fields:
        if field is None:
            rows.append("{ %d }" % width)
        elif kind == "uint":
            rows.append('{ "%s", %d }' % (field, width))
        else:
            rows.append('{ "%s", %d, "%s" }' % (field, width, kind))
    return '{ name = "%s", %s }' % (name, ", ".join(rows))


def value(data, kind, width, bit):
    """The bits of a field as a number, and how Lua writes the field."""
    size = len(data) * 8
    number = int.from_bytes(data, "big") >> size - bit - width & (1 << width) - 1
    part = number.to_bytes((width + 7) // 8, "big")
    if kind == "le":
        number = int.from_bytes(part, "little")
    return number, {
        "uint": "0x%x" % number, "le": "0x%x" % number, "bool": "true" if number else "false",
        "ip4": 'ip"%s"' % socket.inet_ntop(socket.AF_INET, part) if width == 32 else "",
        "ip6": 'ip"%s"' % socket.inet_ntop(socket.AF_INET6, part) if width == 128 else "",
        "mac": '"%s"' % ":".join("%02x" % b for b in part),
        "bytes": '"%s"' % "".join("\\x%02x" % b for b in part),
    }[kind]


def main():
    draw = Draw(4)
    with open(sys.argv[1] + "/protocols.lua", "w") as lua, \
            open(sys.argv[1] + "/bytes", "w") as listing:
        lua.write("return {\n")
        for n in range(60):
            fields, size = draw_fields(draw, 1 + draw.below(500))
            old, new = draw.bytes(size // 8), draw.bytes(size // 8)
            lua.write("{ declare = %s, size = %d, bytes = %s,\n" % (
                declaration("p%d" % n, fields), size // 8, value(old, "bytes", size, 0)[1]))
            for what, data in (("old", old), ("new", new)):
                lua.write("  %s = { %s },\n" % (what, ", ".join(
                    "%s = %s" % (field, value(data, kind, width, bit)[1])
                    for field, kind, width, bit in fields if field)))
            lua.write("},\n")
            # bits that have no name stay as they are
            whole = int.from_bytes(old, "big")
            for field, _, width, bit in fields:
                if field:
                    mask = (1 << width) - 1 << size - bit - width
                    whole = whole & ~mask | int.from_bytes(new, "big") & mask
            listing.write("%d %s %s\n" % (n, old.hex(), whole.to_bytes(size // 8, "big").hex()))
        lua.write("}\n")

    fields = [("a", "uint", 3, 0), ("b", "uint", 64, 3), ("c", "bool", 1, 67), ("d", "uint", 17, 68),
              (None, "skip", 3, 85), ("e", "le", 48, 88), ("f", "uint", 32, 136), ("g", "uint", 13, 168),
              ("h", "uint", 3, 181)]
    headers = [draw.bytes(23) for _ in range(2080)]
    with open(sys.argv[1] + "/stream", "wb") as stream:
        stream.write(b"".join(headers))
    with open(sys.argv[1] + "/stream.lua", "w") as lua:
        lua.write("return { declare = %s, size = 23, count = %d,\n" % (
            declaration("stream", fields), len(headers)))
        for part in range(PARTS):
            lua.write("  { %s },\n" % ", ".join(
                "%s = 0x%x" % (field, sum(value(h, kind, width, bit)[0] for h in headers[part::PARTS]) % 2 ** 64)
                for field, kind, width, bit in fields if field))
        lua.write("}\n")


main()
