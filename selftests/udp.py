# SPDX-License-Identifier: GPL-2.0-only
"""
Usage: udp.py send FROM-PORT HOST PORT TEXT...
       udp.py serve PORT FILE
       udp.py many FIRST COUNT HOST PORT TEXT

send: sends each TEXT from one port, one after another. serve: writes what comes
to a file, a line each, and answers "ok". many: sends TEXT from COUNT ports, of
60000 from 2000 on, beginning with the FIRST.
"""
import collections
import socket
import sys


def sock(host, port):
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", port))
    return s


def send(port, host, to, *texts):
    s = sock(host, int(port))
    s.settimeout(0.3)
    for text in texts:
        # a helper of its own namespace may drop it, and nobody may answer
        try:
            s.sendto(text.encode(), (host, int(to)))
            s.recv(2000)
        except OSError:
            pass


def serve(port, name):
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.bind(("", int(port)))
    with open(name, "wb", buffering=0) as f:
        while True:
            data, peer = s.recvfrom(65536)
            f.write(data + b"\n")
            s.sendto(b"ok", peer)


def many(first, count, host, to, text):
    unsent = collections.Counter()
    for i in range(int(first), int(first) + int(count)):
        s = sock(host, 2000 + i % 60000)
        try:
            s.sendto(text.encode(), (host, int(to)))
        except OSError as e:
            unsent[str(e)] += 1
        s.close()
    for why, n in unsent.items():
        print(f"# {n} of {count} datagrams were not sent: {why}")


globals()[sys.argv[1]](*sys.argv[2:])
