#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Connections for the tests of conntrack.

conntrack.py serve ADDRESS PORT...          answers what comes, over UDP and TCP
conntrack.py udp ADDRESS SPORT DPORT COUNT [SIZE]
                                            asks, and waits for each answer
conntrack.py send ADDRESS SPORT DPORT       sends one datagram
conntrack.py tcp ADDRESS SPORT DPORT FILE   asks once, prints "up", stays as long
                                            as FILE exists, and asks once more
conntrack.py storm CPU ADDRESS NET COUNT    one datagram each from COUNT ports and
                                            addresses of the /24 (NET.1 to NET.250)
Needs no more than python3-minimal.
"""
import os
import select
import socket
import sys
import time


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def bound(kind, address, sport):
    s = socket.socket(family(address), kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("::" if ":" in address else "", sport))
    s.settimeout(5)
    return s


def serve(address, ports):
    socks, listening = [], set()
    for port in ports:
        u = socket.socket(family(address), socket.SOCK_DGRAM)
        u.bind((address, int(port)))
        t = socket.socket(family(address), socket.SOCK_STREAM)
        t.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        t.bind((address, int(port)))
        t.listen(64)
        listening.add(t)
        socks += [u, t]
    print("ready", flush=True)
    while True:
        for s in select.select(socks, [], [])[0]:
            if s in listening:
                socks.append(s.accept()[0])
            elif s.type == socket.SOCK_DGRAM:
                data, peer = s.recvfrom(65536)
                s.sendto(data, peer)
            else:
                data = s.recv(65536)
                if data:
                    s.sendall(data)
                else:
                    socks.remove(s)
                    s.close()


def udp(address, sport, dport, count, size="5"):
    s = bound(socket.SOCK_DGRAM, address, int(sport))
    s.connect((address, int(dport)))
    for _ in range(int(count)):
        s.send(b"x" * int(size))
        if len(s.recv(65536)) != int(size):
            sys.exit("another answer")


def send(address, sport, dport):
    s = bound(socket.SOCK_DGRAM, address, int(sport))
    s.sendto(b"nflua", (address, int(dport)))


def tcp(address, sport, dport, path):
    s = bound(socket.SOCK_STREAM, address, int(sport))
    s.connect((address, int(dport)))
    s.sendall(b"nflua")
    s.recv(5)
    print("up", flush=True)
    while os.path.exists(path):
        time.sleep(0.05)
    # for a conntrack that has not met it before: a FIN begins nothing
    s.sendall(b"nflua")
    s.recv(5)


def storm(cpu, address, net, count):
    os.sched_setaffinity(0, {int(cpu)})
    left = int(count)
    for port in range(1024, 65536):
        for host in range(1, 251):
            if not left:
                return
            if port == 1024:
                SOCKS.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                SOCKS[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                SOCKS[-1].bind((f"{net}.{host}", 0))
            SOCKS[host - 1].sendto(b"nflua", (address, port))
            left -= 1


SOCKS = []
COMMANDS = {"udp": udp, "send": send, "tcp": tcp, "storm": storm}
if sys.argv[1] == "serve":
    serve(sys.argv[2], sys.argv[3:])
else:
    COMMANDS[sys.argv[1]](*sys.argv[2:])
