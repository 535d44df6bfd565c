#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Sends packets that are described, one a line, on standard input.

Usage: packets.py DEVICE|FILE.pcap|- SRC_MAC DST_MAC

With the name of a file they are written there, with - in hexadecimal digits to
standard output, one a line.

A line is a Python expression made of the functions below, for instance
ip4(udp(1, 2, b"x"), ttl=5). Lengths and checksums are right unless they are
given. Needs no more than python3-minimal.
"""
import socket
import struct
import sys


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Transport:
    """Bytes of a transport protocol, whose checksum covers the addresses."""

    def __init__(self, protocol, data, at=None, given=None):
        self.protocol, self.data, self.at, self.given = protocol, data, at, given

    def bytes(self, pseudo):
        if self.at is None:
            return self.data
        value = self.given
        if value is None:
            value = checksum(pseudo + self.data)
            if not value and self.protocol == 17:
                value = 0xffff
        return self.data[:self.at] + struct.pack("!H", value) + self.data[self.at + 2:]


def udp(sport, dport, payload=b"", length=None, check=None):
    length = 8 + len(payload) if length is None else length
    return Transport(17, struct.pack("!HHHH", sport, dport, length, 0) + payload, 6, check)


def tcp(sport, dport, payload=b"", seq=0, ack=0, flags=2, window=1024, urgent=0,
        options=b"", doff=None, check=None):
    doff = 5 + len(options) // 4 if doff is None else doff
    return Transport(6, struct.pack("!HHIIBBHHH", sport, dport, seq, ack, doff << 4,
                                    flags, window, 0, urgent) + options + payload, 16, check)


def icmp(kind, code, rest=b"\0\0\0\0", payload=b"", check=None):
    data = struct.pack("!BBH", kind, code, 0) + rest + payload
    value = checksum(data) if check is None else check
    return Transport(1, data[:2] + struct.pack("!H", value) + data[4:])


def icmp6(kind, code, rest=b"\0\0\0\0", payload=b"", check=None):
    return Transport(58, struct.pack("!BBH", kind, code, 0) + rest + payload, 2, check)


def crc32c(data):
    """As RFC 9260 appendix A has it, bit by bit."""
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def sctp(sport, dport, vtag=0, chunks=b"", check=None):
    head = struct.pack("!HHI", sport, dport, vtag)
    value = crc32c(head + b"\0\0\0\0" + chunks) if check is None else check
    return Transport(132, head + struct.pack("<I", value) + chunks)


def gre(protocol, payload=b"", summed=False, key=None, seq=None, version=0, check=None):
    flags = summed << 15 | (key is not None) << 13 | (seq is not None) << 12 | version
    data = struct.pack("!HH", flags, protocol) + (b"\0\0\0\0" if summed else b"")
    for word in key, seq:
        if word is not None:
            data += struct.pack("!I", word)
    data += payload
    if summed:
        value = checksum(data) if check is None else check
        data = data[:4] + struct.pack("!H", value) + data[6:]
    return Transport(47, data)


def esp(spi, seq, payload=b"\0" * 16):
    return Transport(50, struct.pack("!II", spi, seq) + payload)


def ah(following, spi, seq, inner=b"", icv=b"\0" * 12):
    """An IPv4 packet's AH; for IPv6 it is an extension header."""
    size = (12 + len(icv)) // 4 - 2
    return Transport(51, struct.pack("!BBHII", following, size, 0, spi, seq) + icv + inner)


def raw(protocol, data=b""):
    return Transport(protocol, data)


def cut(transport, size):
    """The first bytes of a transport."""
    return Transport(transport.protocol, transport.data[:size])


def ip4(inner, src="10.77.0.1", dst="10.77.0.2", tos=0, ident=0, df=0, mf=0, frag=0,
        ttl=64, protocol=None, options=b"", length=None):
    protocol = inner.protocol if protocol is None else protocol
    src, dst = socket.inet_aton(src), socket.inet_aton(dst)
    size = len(inner.data)
    body = inner.bytes(src + dst + struct.pack("!HH", inner.protocol, size))
    ihl = 5 + len(options) // 4
    length = ihl * 4 + size if length is None else length
    head = struct.pack("!BBHHHBBH", 0x40 | ihl, tos, length, ident,
                       df << 14 | mf << 13 | frag, ttl, protocol, 0) + src + dst + options
    return 0x0800, head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def ext(kind, data=b"\1\4\0\0\0\0"):
    """An extension header: its number, and what follows next header and length."""
    return kind, data


def fragment(offset, more, ident=1):
    return 44, struct.pack("!HI", offset << 3 | more, ident)


def ip6(inner, src="fd77::1", dst="fd77::2", tclass=0, flow=0, hops=64, exts=(), length=None):
    src, dst = socket.inet_pton(socket.AF_INET6, src), socket.inet_pton(socket.AF_INET6, dst)
    size = len(inner.data)
    body = inner.bytes(src + dst + struct.pack("!II", size, inner.protocol))
    following = inner.protocol
    for kind, data in reversed(exts):
        # the fragment header has no length, AH counts words, less two
        size = {44: 0, 51: (len(data) + 2) // 4 - 2}.get(kind, (len(data) + 2) // 8 - 1)
        body = struct.pack("!BB", following, size) + data + body
        following = kind
    length = len(body) if length is None else length
    return 0x86dd, struct.pack("!IHBB", 6 << 28 | tclass << 20 | flow, length,
                               following, hops) + src + dst + body


def arp(op=1, sha="02:00:00:00:00:01", spa="10.77.0.1", tha="00:00:00:00:00:00",
        tpa="10.77.0.2", htype=1, ptype=0x0800, hlen=6, plen=4):
    mac = lambda text: bytes.fromhex(text.replace(":", ""))
    return 0x0806, struct.pack("!HHBBH", htype, ptype, hlen, plen, op) + mac(sha) + \
        socket.inet_aton(spa) + mac(tha) + socket.inet_aton(tpa)


def vlan(tag, inner, kind=0x8100):
    """A packet in a VLAN."""
    following, data = inner
    return kind, struct.pack("!HH", tag, following) + data


def cuts(packet):
    """The frames that begin as a packet's and end too early."""
    return [Cut(packet, size) for size in range(len(packet[1]) + 14)]


class Cut(tuple):
    """A packet of whose frame only the first bytes are there."""

    def __new__(cls, packet, size):
        self = super().__new__(cls, packet)
        self.size = size
        return self


def frames(macs):
    for line in sys.stdin:
        found = eval(line)  # the test's own text
        for packet in found if isinstance(found, list) else [found]:
            frame = macs + struct.pack("!H", packet[0]) + packet[1]
            yield frame[:getattr(packet, "size", len(frame))]


def write_pcap(name, packets):
    with open(name, "wb") as file:
        file.write(struct.pack("=IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for number, data in enumerate(packets):
            file.write(struct.pack("=IIII", number, 0, len(data), len(data)) + data)


def main():
    device, source, target = sys.argv[1:4]
    packets = frames(bytes.fromhex((target + source).replace(":", "")))
    if device == "-":
        for data in packets:
            print(data.hex())
    elif device.endswith(".pcap"):
        write_pcap(device, packets)
    else:
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        sock.bind((device, 0))
        for data in packets:
            sock.send(data)


if __name__ == "__main__":
    main()
