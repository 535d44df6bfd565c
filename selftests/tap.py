#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Lets frames arrive on a tap device, or shows what arrives on any device.

Usage: tap.py send DEVICE SPLIT[,partial][,gso=SIZE] <FRAMES
       tap.py expect DEVICE COUNT SECONDS
       tap.py frames DEVICE COUNT SECONDS

send reads one frame a line, in hexadecimal digits, and ends when the device has
taken all. SPLIT is how many of its bytes are in the packet's first piece; further
pieces have 7, 13 or 700 bytes. Without GRO on the device it stays like that. "whole"
means one piece. "partial" leaves the checksums of TCP, UDP and ICMPv6 to be
completed, as a local sender does, and gso makes segments of SIZE bytes of a TCP
frame.

expect prints "ready", and then what arrives on a device from elsewhere: the
network layer's bytes, one packet a line, until there were COUNT or the time is up.
frames does so with whole frames, VLAN tags among them.
Needs no more than python3-minimal.
"""
import fcntl
import os
import select
import socket
import struct
import sys
import time

TUNSETIFF = 0x400454ca
IFF_TAP, IFF_NAPI, IFF_NAPI_FRAGS, IFF_NO_PI, IFF_VNET_HDR = 2, 0x10, 0x20, 0x1000, 0x4000
SOL_PACKET, PACKET_AUXDATA, TP_STATUS_VLAN_VALID = 263, 8, 0x10
SUMS = {6: 16, 17: 6, 58: 2}


def total(data):
    if len(data) % 2:
        data += b"\0"
    value = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while value >> 16:
        value = (value & 0xffff) + (value >> 16)
    return value


def transport(packet):
    """Protocol and offset of the transport layer; None of fragments."""
    if packet[0] >> 4 == 4:
        if struct.unpack("!H", packet[6:8])[0] & 0x3fff:
            return None, 0
        return packet[9], (packet[0] & 15) * 4
    following, off = packet[6], 40
    while following in (0, 43, 51, 60):
        size = (packet[off + 1] + 2) * 4 if following == 51 else (packet[off + 1] + 1) * 8
        if following == 43 and packet[off + 3]:
            return None, 0
        following, off = packet[off], off + size
    return following, off


def pseudo(packet, protocol, off):
    addresses = packet[12:20] if packet[0] >> 4 == 4 else packet[8:40]
    return total(addresses + struct.pack("!II", len(packet) - off, protocol))


def make_partial(frame):
    """The frame with the pseudo header's sum alone, and where the sum is."""
    packet = frame[14:]
    protocol, off = transport(packet)
    at = SUMS.get(protocol)
    if at is None or off + at + 2 > len(packet) or \
            protocol == 17 and packet[off + 6:off + 8] == b"\0\0":
        return frame, None
    # A wrong one would become right.
    if total(struct.pack("!H", pseudo(packet, protocol, off)) + packet[off:]) != 0xffff:
        return frame, None
    value = struct.pack("!H", pseudo(packet, protocol, off))
    at += 14 + off
    return frame[:at] + value + frame[at + 2:], (14 + off, at - 14 - off)


def open_tap(device):
    tap = os.open("/dev/net/tun", os.O_RDWR)
    flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_NAPI | IFF_NAPI_FRAGS
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", device.encode(), flags))
    return tap


def pieces(data, split):
    if split == "whole":
        return [data]
    found, at = [data[:int(split)]], int(split)
    for size in (7, 13, 700) * 5:
        if at < len(data):
            found.append(data[at:at + size])
            at += size
    if at < len(data):
        found.append(data[at:])
    return found


def send(device, how):
    split, *more = how.split(",")
    tap = open_tap(device)
    for line in sys.stdin:
        frame, place, gso = bytes.fromhex(line), None, 0
        if "partial" in more:
            frame, place = make_partial(frame)
        flags, start, offset, kind, head = 0, 0, 0, 0, 0
        if place:
            flags, (start, offset) = 1, place
        for word in more:
            if word.startswith("gso=") and transport(frame[14:])[0] == 6:
                kind, gso = {4: 1, 6: 4}[frame[14] >> 4], int(word[4:])
                head = start + (frame[start + 12] >> 4) * 4
        parts = pieces(frame, split)
        parts[0] = struct.pack("=BBHHHH", flags, kind, head, gso, start, offset) + parts[0]
        os.writev(tap, parts)


def tag(ancillary):
    """The VLAN tag that the kernel has beside a frame."""
    for level, kind, data in ancillary:
        status, tci, protocol = struct.unpack("=I12xHH", data)
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA) and status & TP_STATUS_VLAN_VALID:
            return struct.pack("!HH", protocol, tci)
    return b""


def expect(device, count, seconds, whole=False):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    sock.bind((device, 3))
    print("ready", flush=True)
    end = time.monotonic() + float(seconds)
    left = int(count)
    while left and select.select([sock], [], [], max(0, end - time.monotonic()))[0]:
        data, ancillary, _, source = sock.recvmsg(65536, 64)
        if source[2] != socket.PACKET_OUTGOING and data[12:14] in (b"\x08\0", b"\x86\xdd"):
            print((data[:12] + tag(ancillary) + data[12:] if whole else data[14:]).hex(), flush=True)
            left -= 1


def frames(*args):
    expect(*args, whole=True)


if __name__ == "__main__":
    {"send": send, "expect": expect, "frames": frames}[sys.argv[1]](*sys.argv[2:])
