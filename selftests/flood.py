#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Sends UDP datagrams as fast as one CPU can.

Usage: flood.py CPU FILE ADDRESS PORT...

Each round sends one datagram to each PORT, for as long as FILE exists. At the
end it prints how many rounds there were: that many each port was sent, for a
datagram that the kernel does not take ends the run with an error.
Needs no more than python3-minimal.
"""
import os
import socket
import sys

ROUNDS = 50     # between two looks at FILE


def main():
    cpu, path, address = sys.argv[1:4]
    targets = [(address, int(port)) for port in sys.argv[4:]]
    os.sched_setaffinity(0, {int(cpu)})
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    rounds = 0
    while os.path.exists(path):
        for _ in range(ROUNDS):
            for target in targets:
                sock.sendto(b"nflua", target)
        rounds += ROUNDS
    print(rounds)


main()
