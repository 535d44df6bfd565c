#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makes frames of structured nonsense: each has the shape of some protocol, and
somewhere what no honest sender writes.

Usage: hostile.py FILE.pcap SEED COUNT

The same SEED makes the same frames. Needs no more than python3-minimal.
"""
import struct
import sys

from packets import checksum, write_pcap

MACS = b"\2\0\0\0\0\2\2\0\0\0\0\1"
EXTENSIONS = (0, 43, 44, 51, 60)
PROTOCOLS = (0, 1, 2, 4, 6, 17, 33, 41, 43, 44, 47, 50, 51, 58, 59, 60, 132, 135, 136, 255)


class Dice:
    """Numbers that look random, and are the same everywhere (xorshift64)."""

    def __init__(self, seed):
        self.state = seed * 0x9e3779b97f4a7c15 & (1 << 64) - 1 or 1

    def below(self, n):
        x = self.state
        x ^= x << 13 & (1 << 64) - 1
        x ^= x >> 7
        x ^= x << 17 & (1 << 64) - 1
        self.state = x
        return (x >> 11) % n

    def one(self, *choices):
        return choices[self.below(len(choices))]

    def bytes(self, size):
        return bytes(self.below(256) for _ in range(size))

    def cut(self, data):
        """The data, or one time in four only its beginning."""
        return data if self.below(4) else data[:self.below(len(data) + 1)]


def header4(d, protocol, body, options=b"", length=None, frag=0):
    options += b"\0" * (-len(options) % 4)
    ihl = 5 + len(options) // 4
    length = ihl * 4 + len(body) if length is None else length
    head = struct.pack("!BBHHHBBH", 0x40 | ihl, d.below(256), length & 0xffff, d.below(65536), frag,
                       d.below(256), protocol, 0) + b"\x0a\x4d\0\1\x0a\x4d\0\2" + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def header6(d, following, body, length=None):
    length = len(body) if length is None else length
    return struct.pack("!IHBB", 6 << 28 | d.below(1 << 28), length & 0xffff, following, d.below(256)) + \
        b"\xfd\x77" + b"\0" * 13 + b"\1" + b"\xfd\x77" + b"\0" * 13 + b"\2" + body


def around(d, protocol, body):
    """An IPv4 or IPv6 packet of a transport protocol."""
    if d.below(2):
        return 0x0800, header4(d, protocol, body)
    return 0x86dd, header6(d, protocol, body)


def option_list(d, room):
    """Options whose lengths are 0, 1, right, too long."""
    data = b""
    while len(data) < room:
        kind = d.one(0, 1, 1, 2, 3, 4, 5, 7, 8, 68, 130, 131, 136, 148, 255, d.below(256))
        if kind < 2:
            data += bytes([kind])
        else:
            size = d.one(0, 1, 2, 3, 4, 10, 40, 255, d.below(256))
            data += bytes([kind, size]) + d.bytes(min(max(size - 2, 0), d.below(12)))
    return data[:room]


def options4(d):
    packet = bytearray(header4(d, d.one(6, 17, 1, 255), d.bytes(d.below(40)), option_list(d, 4 * (1 + d.below(10)))))
    if not d.below(4):      # another ihl than there is, also less than 5
        packet[0] = 0x40 | d.below(16)
        packet[10:12] = b"\0\0"
        packet[10:12] = struct.pack("!H", checksum(bytes(packet[:(packet[0] & 15) * 4])))
    return 0x0800, bytes(packet)


def lengths(d):
    """Total lengths that are less than the header, or more than there is."""
    body = d.bytes(d.below(60))
    length = d.one(0, 1, 19, 20, 21, 27, 28, 40, 41, 48, 65535, d.below(100))
    if d.below(2):
        return 0x0800, header4(d, d.one(*PROTOCOLS), body, length=length)
    return 0x86dd, header6(d, d.one(*PROTOCOLS), body, length=length)


def tcp_options(d):
    options = option_list(d, 4 * d.below(11))
    doff = d.one(5 + len(options) // 4, d.below(16), 0, 4, 15)
    return around(d, 6, d.cut(struct.pack("!HHIIBBHHH", d.below(65536), 443, d.below(1 << 32), 0, doff << 4 | d.below(16),
                                          d.below(256), 1, 0, d.below(65536)) + options + d.bytes(d.below(20))))


def udp_lengths(d):
    return around(d, d.one(17, 136), d.cut(struct.pack("!HHHH", 53, 53, d.one(0, 1, 7, 8, 9, 65535, d.below(64)),
                                                       d.one(0, 1, 0xffff, d.below(65536))) + d.bytes(d.below(40))))


def extensions(d):
    """Chains of extension headers that are long, overlap, and go in circles."""
    following = first = d.one(*EXTENSIONS)
    body = b""
    for _ in range(d.one(1, 2, 3, 8, 40)):
        following = d.one(*EXTENSIONS, *EXTENSIONS, *PROTOCOLS)
        size = d.one(0, 0, 0, 1, 2, 255, d.below(256))
        data = d.bytes(d.one(6, 6, 6, 14, 22, 0, d.below(32)))
        if not d.below(3):  # a fragment's offset is there
            data = struct.pack("!H", d.one(0, 1, 8, 0xfff8, 0xffff)) + data[2:]
        body += bytes([following, size]) + data
    return 0x86dd, header6(d, first, d.cut(body + d.bytes(d.below(60))))


def routing(d):
    """Routing headers of all types, with more segments left than it has."""
    count = d.below(4)
    data = bytes([d.one(6, 17, 58, 132, 43), d.one(2 * count, 0, 1, 255), d.one(0, 2, 3, 4, 253, d.below(256)),
                  d.one(0, 1, count, 255)]) + d.bytes(4 + 16 * count)
    return 0x86dd, header6(d, 43, d.cut(data + d.bytes(d.below(40))))


def jumbo(d):
    """Jumbo payload options (RFC 2675), with lengths that are not so long."""
    data = bytes([d.one(6, 17, 58, 0, 43, 59), d.one(0, 0, 1, 31), d.one(0xc2, 1, 0, 5), d.one(4, 0, 255)]) + \
        struct.pack("!I", d.one(0, 1, 40, 65535, 65536, 1 << 31, (1 << 32) - 1))
    return 0x86dd, header6(d, 0, d.cut(data + d.bytes(d.below(60))), length=d.one(0, None))


def fragments(d):
    """Fragments that end behind the 64th KiB, and others at the edges."""
    offset = d.one(0, 1, 2, 8190, 8191, d.below(8192))
    body = d.bytes(d.one(0, 1, 7, 8, 9, d.below(64)))
    if d.below(2):
        return 0x0800, header4(d, d.one(6, 17, 1, 132, 47), body, frag=d.below(8) << 13 | offset)
    head = struct.pack("!BBHI", d.one(6, 17, 58, 44, 60, 43), d.below(256), offset << 3 | d.below(8), d.below(1 << 32))
    return 0x86dd, header6(d, 44, d.cut(head + body))


def gre(d):
    """All optional parts of GRE, in all versions, and not all of them there."""
    flags = d.one(d.below(65536), d.below(16) << 12 | d.below(3), 0xb000, 0xf000, 0x7081, 0x3081)
    inner = header4(d, 17, d.bytes(8)) if d.below(2) else d.bytes(d.below(40))
    return around(d, 47, d.cut(struct.pack("!HH", flags, d.one(0x0800, 0x86dd, 0x880b, 0x6558, d.below(65536))) +
                               d.bytes(4 * d.below(7)) + inner))


def sctp(d):
    """Chunks whose length is 0, or more than there is."""
    chunks = b"".join(struct.pack("!BBH", d.below(256), d.below(256), d.one(0, 1, 3, 4, 5, 65535, d.below(64))) +
                      d.bytes(d.below(20)) for _ in range(d.below(6)))
    return around(d, 132, d.cut(struct.pack("!HHII", 1, 2, 3, d.below(1 << 32)) + chunks))


def errors(d):
    """ICMP errors that quote packets which are cut, or are errors themselves."""
    inner = d.cut(d.one(options4, tcp_options, extensions, fragments)(d)[1])
    if not d.below(4):
        inner = struct.pack("!BBHI", d.one(3, 11, 1, 2), 0, 0, 0) + inner
    head = struct.pack("!BBHI", d.one(3, 4, 5, 11, 12, 1, 2, 133, 137, d.below(256)), d.below(256), d.below(65536),
                       d.below(1 << 32))
    return around(d, d.one(1, 58), d.cut(head + inner))


def secured(d):
    """AH and ESP that are too short, or say that they are longer than all."""
    head = struct.pack("!BBHII", d.one(6, 17, 50, 51, 0), d.one(0, 1, 4, 255, d.below(256)), 0, 1, 2)
    return around(d, d.one(50, 51), d.cut(head + d.bytes(d.below(40))))


def nested(d):
    """Packets in packets in packets."""
    kind, packet = d.one(options4, tcp_options, extensions, gre, sctp)(d)
    for _ in range(d.below(6)):
        kind, packet = around(d, 4 if kind == 0x0800 else 41, packet)
    return kind, packet[:1400]


def garbage(d):
    kind = d.one(0x0800, 0x86dd)
    return kind, bytes([(0x40 if kind == 0x0800 else 0x60) | d.below(16)]) + d.bytes(d.below(100))


def arp(d):
    """Addresses of other sizes than Ethernet and IPv4 have."""
    hlen, plen = d.one(6, 0, 1, 7, 8, 255, d.below(256)), d.one(4, 0, 3, 16, 255, d.below(256))
    data = struct.pack("!HHBBH", d.one(1, 0, 6, 32, d.below(65536)), d.one(0x0800, 0x86dd, 0, d.below(65536)), hlen, plen,
                       d.below(65536))
    return 0x0806, d.cut(data + d.bytes(d.one(20, 2 * (hlen + plen), d.below(60))))


def tags(d):
    """VLAN tags around anything, more than there may be, and cut."""
    kind, packet = d.one(*NETWORK, arp)(d)
    for _ in range(d.one(1, 1, 2, 3, 8, 12)):
        packet = struct.pack("!HH", d.below(65536), d.one(kind, kind, kind, kind, d.below(65536))) + packet
        kind = d.one(0x8100, 0x88a8)
    return kind, d.cut(packet)


def frame(d):
    """Other Ethernet types, and 802.3 lengths."""
    return d.one(0, 3, 0x0600, 0x05ff, 0x88cc, 0x8847, 0x8864, 0x0806, 0x86dd, 0x0800, d.below(65536)), d.bytes(d.below(80))


NETWORK = [options4, lengths, tcp_options, udp_lengths, extensions, extensions, routing, jumbo, fragments, gre, sctp,
           errors, secured, nested, garbage]
LINK = NETWORK + [arp, arp, tags, tags, frame]


def packets(seed, count, makers):
    """Ethernet type and bytes of so many."""
    d = Dice(seed)
    return [d.one(*makers)(d) for _ in range(count)]


def main():
    write_pcap(sys.argv[1], [MACS + struct.pack("!H", kind) + data
                             for kind, data in packets(int(sys.argv[2]), int(sys.argv[3]), LINK)])


if __name__ == "__main__":
    main()
