#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Clients and servers that say exactly what they saw.

Usage: acts.py tcp ADDRESS PORT TEXT [N]  connect, send, read to the end, or N bytes
       acts.py udp ADDRESS PORT TEXT [N]  send, print N answers (1)
       acts.py errors ADDRESS PORT...     send to each, print the ICMP errors
       acts.py serve ADDRESS PORT FILE    accept, note in FILE what comes,
                                          answer it; "bye" ends it
       acts.py receive ADDRESS PORT FILE  note each datagram in FILE

What ends a connection is "eof" or the name of the error. An answer longer than
40 bytes is shown as its length and sum. Needs no more than python3-minimal.
"""
import errno
import os
import socket
import struct
import sys

IP_RECVERR = 11
IPV6_RECVERR = 25
MSG_ERRQUEUE = 0x2000
TIMEOUT = 8


def shown(data):
    if len(data) > 40:
        return "%d bytes, sum %d" % (len(data), sum(data))
    return data.decode("latin-1")


def name(error):
    if isinstance(error, socket.timeout):
        return "timeout"
    return errno.errorcode.get(error.errno, str(error))


def make(kind, address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, kind)
    sock.settimeout(TIMEOUT)
    return sock


def tcp(address, port, text, most="0"):
    sock = make(socket.SOCK_STREAM, address)
    try:
        sock.connect((address, int(port)))
    except OSError as error:
        print("connect", name(error))
        return
    got = b""
    try:
        sock.sendall(text.encode())
        while not int(most) or len(got) < int(most):
            data = sock.recv(65536)
            if not data:
                break
            got += data
        end = "" if int(most) and len(got) >= int(most) else "eof"
    except OSError as error:
        end = name(error)
        # nobody refuses what is established: connect() was too early with its answer
        if error.errno == errno.ECONNREFUSED:
            end = "connect " + end
    sock.close()
    print(", ".join(filter(None, (shown(got) if got else "", end))))


def udp(address, port, text, count="1"):
    sock = make(socket.SOCK_DGRAM, address)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    sock.connect((address, int(port)))
    sock.send(text.encode())
    got = []
    try:
        for _ in range(int(count)):
            got.append(shown(sock.recv(65536)))
    except OSError as error:
        got.append(name(error))
    print("\n".join(got))


def errors(address, *ports):
    six = ":" in address
    for port in ports:
        sock = make(socket.SOCK_DGRAM, address)
        if six:
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        sock.connect((address, int(port)))
        try:
            sock.send(b"nflua")
        except PermissionError:
            pass    # dropped on its way out
        try:
            sock.recv(100)
            print(port, "data")
        except OSError as error:
            what = name(error)
            try:
                anc = sock.recvmsg(100, 512, MSG_ERRQUEUE)[1]
                _, _, kind, code = struct.unpack("=IBBB", anc[0][2][:7])
                what = "%d/%d %s" % (kind, code, what)
            except OSError:
                pass
            print(port, what)


def note(path, text):
    with open(path, "a") as f:
        f.write(text + "\n")


def serve(address, port, path):
    listen = make(socket.SOCK_STREAM, address)
    listen.settimeout(None)
    listen.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listen.bind((address, int(port)))
    listen.listen(16)
    note(path, "listening")
    while True:
        sock, _ = listen.accept()
        if os.fork():
            sock.close()
            continue
        listen.close()
        sock.settimeout(30)
        try:
            while True:
                data = sock.recv(65536)
                if not data:
                    break
                note(path, shown(data))
                sock.sendall(b"server: " + data)
                if data.lower() == b"bye":
                    break
            note(path, "eof")
        except OSError as error:
            note(path, name(error))
        os._exit(0)


def receive(address, port, path):
    sock = make(socket.SOCK_DGRAM, address)
    sock.settimeout(None)
    sock.bind((address, int(port)))
    note(path, "listening")
    while True:
        note(path, shown(sock.recv(65536)))


globals()[sys.argv[1]](*sys.argv[2:])
