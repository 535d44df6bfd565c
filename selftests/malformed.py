#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Writes packets that are cut and corrupted, and what has to be seen of them.

Usage: malformed.py FILE.pcap [SEED COUNT] >WANTED
       malformed.py acts FILE.pcap >WANTED
       malformed.py live DEVICE SPLIT

Each packet of a set is cut behind each of its bytes, and each of its bits is
turned, and each of its bytes made 0 and 255. What the kernel would refuse before
any hook is made good again: an IPv4 header's checksum, and the lengths of what was
cut. With SEED and COUNT there are so many packets of hostile.py instead.

WANTED has a line for each: the layers, with some of their fields, as a reader of
the RFCs finds them without nflua.

With "acts" they are fewer, all that are cut and of each byte one change, and some of
hostile.py; the line says which answers there are to each.

With "live" the first of these arrive on a tap device, as tap.py sends them. What leaves
it must be whole: with lengths and checksums that are right; or it is one of them. Ends
with how many were sent and came back.
Needs no more than python3-minimal.
"""
import os
import select
import socket
import struct
import sys

import hostile
import tap
from packets import (ah, checksum, esp, ext, fragment, gre, icmp, icmp6, ip4, ip6, raw, sctp,
                     tcp, udp, write_pcap)

SET = [
    ip4(udp(1000, 2000, b"hello")),
    ip4(udp(53, 53, b"x"), options=b"\x94\4\0\0\1\1\1\0"),
    ip4(tcp(80, 443, b"data", options=b"\2\4\5\xb4\1\3\3\7\4\2\0\0")),
    ip4(tcp(80, 443, b"data", 5, 9, 24, options=b"\1\1\x08\x0a\0\0\0\1\0\0\0\2")),
    ip4(icmp(8, 0, b"\0\1\0\2", b"ping")),
    ip4(sctp(5, 6, 7, b"\1\0\0\4")),
    ip4(gre(0x0800, b"inner", summed=True, key=1, seq=2)),
    ip4(esp(1, 2)),
    ip4(ah(17, 1, 2, b"\0\1\0\2\0\x08\0\0")),
    ip4(udp(5, 6, b"a" * 8), mf=1),
    ip4(raw(17, b"\0\1\0\2\0\3\0\4"), frag=3),
    ip6(udp(1000, 2000, b"hello")),
    ip6(tcp(80, 443, b"data", options=b"\2\4\5\xb4\1\3\3\7")),
    ip6(tcp(80, 443, b"data", 5, 9, 17)),
    ip6(icmp6(128, 0, b"\0\1\0\2", b"ping")),
    ip6(sctp(5, 6, 7, b"\1\0\0\4"), exts=[ext(60)]),
    ip6(gre(0x86dd, b"inner", key=1)),
    ip6(esp(1, 2), exts=[ext(0)]),
    ip6(udp(1, 2, b"x"), exts=[ext(0), ext(60), ext(43, b"\2\0\0\0\0\0"), ext(51, b"\0" * 22)]),
    ip6(udp(5, 6, b"a" * 8), exts=[ext(60), fragment(0, 1)]),
    ip6(raw(17, b"\0\1\0\2\0\3\0\4"), exts=[fragment(3, 0)]),
]


def mend(packet, length=True):
    """The packet with what the kernel's receive path demands."""
    packet = bytearray(packet)
    if packet[0] >> 4 == 4:
        size = (packet[0] & 15) * 4
        if length:
            packet[2:4] = struct.pack("!H", len(packet))
        packet[10:12] = b"\0\0"
        packet[10:12] = struct.pack("!H", checksum(bytes(packet[:size])))
    elif length:
        packet[4:6] = struct.pack("!H", len(packet) - 40)
    return bytes(packet)


def variants(kind, packet):
    head = (packet[0] & 15) * 4 if kind == 0x0800 else 40
    for size in range(head, len(packet) + 1):
        yield mend(packet[:size])
    for at in range(len(packet)):
        for byte in [packet[at] ^ 1 << bit for bit in range(8)] + [0, 255]:
            yield mend(packet[:at] + bytes([byte]) + packet[at + 1:], length=False)


def accepted(kind, packet):
    """The packet as hooks meet it, None if the kernel refuses it."""
    if len(packet) < (20 if kind == 0x0800 else 40):
        return None
    if kind == 0x0800:
        size = (packet[0] & 15) * 4
        length = struct.unpack("!H", packet[2:4])[0]
        if packet[0] >> 4 != 4 or not 20 <= size <= len(packet) or not size <= length <= len(packet) or \
                checksum(packet[:size]):
            return None
        return packet[:length]
    length = 40 + struct.unpack("!H", packet[4:6])[0]
    if packet[0] >> 4 != 6 or packet[8] == 255 or length > len(packet) or \
            packet[24] == 255 and not packet[25] & 15 or length == 40 and packet[6] == 0:
        return None
    packet = packet[:length]
    if packet[6] == 0 and (length < 42 or 40 + (packet[41] + 1) * 8 > length):
        return None
    return packet


def walk6(packet):
    """Protocol and offset of the transport layer, and of AH: None where there is none."""
    following, off, auth = packet[6], 40, None
    while following in (0, 43, 44, 51, 60):
        if following == 51 and auth is None:
            auth = off
        if off + (8 if following == 44 else 2) > len(packet):
            return None, 0, auth
        if following == 44:
            if struct.unpack("!H", packet[off + 2:off + 4])[0] & 0xfff8:
                return None, 0, auth
            size = 8
        elif following == 51:
            size = (packet[off + 1] + 2) * 4
        else:
            size = (packet[off + 1] + 1) * 8
        following, off = packet[off], off + size
    return following, off, auth


def options(data):
    """Kind and data of all options before one that is wrong; the first of a kind."""
    found, at = {}, 0
    while at < len(data):
        kind, size = data[at], 1
        if kind > 1:
            if at + 1 >= len(data) or data[at + 1] < 2 or at + data[at + 1] > len(data):
                break
            size = data[at + 1]
        found.setdefault(kind, data[at + 2:at + size])
        if kind == 0:
            break
        at += size
    return "".join(" o%d=%s" % (kind, found[kind].hex()) for kind in sorted(found))


def is_of_hosts(packet):
    """From one host to one host? 0.0.0.1 is one, as Linux has it."""
    if packet[0] >> 4 == 4:
        return all(any(a) and not 224 <= a[0] < 240 and a != b"\xff" * 4 for a in (packet[12:16], packet[16:20]))
    return all(a[0] != 255 and any(a) for a in (packet[8:24], packet[24:40]))


def is_on_route(packet):
    """Has it a routing header that leads elsewhere first?"""
    following, off = packet[6], 40
    while packet[0] >> 4 == 6 and following in (0, 43, 44, 51, 60) and off + 4 <= len(packet):
        if following == 43:
            return packet[off + 3] > 0
        if following == 44 and struct.unpack("!H", packet[off + 2:off + 4])[0] & 0xfff8:
            return False
        size = 8 if following == 44 else (packet[off + 1] + 2) * 4 if following == 51 else (packet[off + 1] + 1) * 8
        following, off = packet[off], off + size
    return False


def is_fragment(packet):
    if packet[0] >> 4 == 4:
        return bool(struct.unpack("!H", packet[6:8])[0] & 0x3fff)
    following, off = packet[6], 40
    while following in (0, 43, 44, 51, 60) and off + 2 <= len(packet):
        if following == 44:
            return True
        following, off = packet[off], off + ((packet[off + 1] + 2) * 4 if following == 51 else (packet[off + 1] + 1) * 8)
    return False


# As malformed.sh's script has them: for IPv4, for IPv6, for both; the last two for TCP alone.
KINDS = "net-unreach host-unreach proto-unreach net-prohib host-prohib admin-prohib icmp-net-unreachable " \
    "icmp-host-unreachable icmp-port-unreachable icmp-proto-unreachable icmp-net-prohibited " \
    "icmp-host-prohibited icmp-admin-prohibited icmp6-no-route icmp6-adm-prohibited adm-prohibited " \
    "icmp6-addr-unreachable addr-unreach icmp6-port-unreachable icmp6-policy-fail policy-fail " \
    "icmp6-reject-route reject-route port-unreachable host-unreachable no-route admin-prohibited " \
    "port-unreach tcp-reset tcp-rst".split()


def answers(packet):
    """Which of these there are, 1 or 0: reply udp, reply tcp, close, reset, reject of one kind,
    a copy that is sent, and one with another payload."""
    words = describe(packet).split()
    protocol = packet[9] if packet[0] >> 4 == 4 else walk6(packet)[0]
    if packet[0] >> 4 == 4 and struct.unpack("!H", packet[6:8])[0] & 0x1fff:
        protocol = None
    hosts, segment, reset = is_of_hosts(packet), False, False
    if "tcp" in words and "payload" in words:
        flags = int(words[words.index("tcp") + 5])
        reset = hosts and not flags & 4
        segment = reset and flags & 0x12 == 0x10
    kind = (len(packet) + packet[-1]) % len(KINDS)
    rejected = protocol == 6 if kind >= 28 else kind >= 23 or (kind < 13) == (packet[0] >> 4 == 4)
    replaced = protocol in (6, 17) and "payload" in words and not is_fragment(packet) and not is_on_route(packet)
    made = hosts and "udp" in words, segment, segment, reset, rejected, True, replaced
    return "".join("%d" % act for act in made)


def describe(packet):
    """One line, as malformed.sh's script has it."""
    def has(size):
        return off + size <= len(packet)

    def u16(at):
        return struct.unpack("!H", packet[off + at:off + at + 2])[0]

    def u32(at):
        return struct.unpack("!I", packet[off + at:off + at + 4])[0]

    family, auth, line, end = packet[0] >> 4, None, "", None
    if family == 4:
        protocol, off = packet[9], (packet[0] & 15) * 4
        line = "ip %s %s %d" % (socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20]), packet[8])
        line += options(packet[20:off])
        if struct.unpack("!H", packet[6:8])[0] & 0x1fff:
            protocol = None
        if protocol == 51:
            auth = off
    else:
        protocol, off, auth = walk6(packet)
        line = "ip6 %d %d" % (packet[6], packet[7])
    if protocol == 6 and has(20):
        doff = packet[off + 12] >> 4
        line += " tcp %d %d %d %d %d" % (u16(0), u16(2), u32(4), doff, packet[off + 13])
        if doff >= 5 and off + doff * 4 <= len(packet):
            line += options(packet[off + 20:off + doff * 4])
        end = off + doff * 4 if doff >= 5 else None
    elif protocol == 17 and has(8):
        line += " udp %d %d %d %d" % (u16(0), u16(2), u16(4), u16(6))
        end = off + 8
    elif protocol == 1 and family == 4 and has(8):
        line += " icmp %d %d" % (packet[off], packet[off + 1])
        end = off + 8
    elif protocol == 58 and family == 6 and has(8):
        line += " icmp6 %d %d" % (packet[off], packet[off + 1])
        end = off + 8
    elif protocol == 132 and has(12):
        line += " sctp %d %d %d" % (u16(0), u16(2), u32(4))
        end = off + 12
    elif protocol == 47 and has(4):
        flags, at, words = u16(0), 4, []
        for bits, size in ((0xc000, 4), (0x2000, 4), (0x1000, 4)):
            there = flags & bits and has(at + size)
            words.append(str(u32(at)) if there else "nil")
            at += size if flags & bits else 0
        line += " gre %d %d %s %s" % (u16(2), flags & 7, words[1], words[2])
        if flags & 7 == 1 and flags & 0x80:
            at += 4
        if flags & 7 < 2 and not flags & 0x4000:
            end = off + at
    elif protocol == 50 and has(8):
        line += " esp %d %d" % (u32(0), u32(4))
    if auth is not None and auth + 12 <= len(packet):
        line += " ah %d %d %d" % (packet[auth], packet[auth + 1],
                                 struct.unpack("!I", packet[auth + 4:auth + 8])[0])
    if end is not None and end <= len(packet):
        line += " payload %d" % (len(packet) - end)
    return line


def fewer():
    """Of each packet's variants all that are cut, and of those with a wrong byte a tenth."""
    for kind, packet in SET:
        made = list(variants(kind, packet))
        cuts = len(made) - 10 * len(packet)
        for data in made[:cuts] + [made[cuts + at * 10 + at % 10] for at in range(len(packet))]:
            yield kind, data


def is_whole(packet):
    """Are all lengths and checksums of an answer right?"""
    if packet[0] >> 4 == 4:
        if struct.unpack("!H", packet[2:4])[0] != len(packet) or checksum(packet[:(packet[0] & 15) * 4]):
            return False
    elif packet[0] >> 4 != 6 or struct.unpack("!H", packet[4:6])[0] + 40 != len(packet):
        return False
    protocol, off = tap.transport(packet)
    pseudo = struct.pack("!H", tap.pseudo(packet, protocol, off)) if protocol != 1 else b""
    return protocol in (1, 6, 17, 58) and not checksum(pseudo + packet[off:]) and \
        (protocol != 17 or struct.unpack("!H", packet[off + 4:off + 6])[0] == len(packet) - off)


def live(device, split):
    fd, sent, back, seen, wrong = tap.open_tap(device), 0, 0, set(), []
    made = [hostile.MACS + struct.pack("!H", kind) + data for kind, data in fewer()]
    own = set(made)
    for number, frame in enumerate(made):
        parts = tap.pieces(frame, split)
        parts[0] = bytes(10) + parts[0]
        os.writev(fd, parts)
        sent += 1
        # the last ones may take a moment
        while select.select([fd], [], [], 2 if number == len(made) - 1 else 0)[0]:
            frame = os.read(fd, 65536)[10:]
            if frame[12:14] not in (b"\x08\0", b"\x86\xdd") or frame[:1] == b"\x33":
                continue
            back += 1
            if frame in seen or frame in own:
                continue
            seen.add(frame)
            if not is_whole(frame[14:]):
                wrong.append(frame.hex())
    print("\n".join(wrong[:5] + ["sent %d back %d wrong %d" % (sent, back, len(wrong))]))


def main():
    if sys.argv[1] == "live":
        return live(*sys.argv[2:])
    said, name = describe, sys.argv[1]
    if name == "acts":
        said, name = answers, sys.argv[2]
        made = list(fewer()) + hostile.packets(3, 600, hostile.NETWORK)
    elif len(sys.argv) > 2:
        made = hostile.packets(int(sys.argv[2]), int(sys.argv[3]), hostile.NETWORK)
    else:
        made = [(kind, data) for kind, packet in SET for data in variants(kind, packet)]
    for kind, data in made:
        met = accepted(kind, data)
        print("refused" if met is None else said(met))
    write_pcap(name, [hostile.MACS + struct.pack("!H", kind) + data for kind, data in made])


if __name__ == "__main__":
    main()
