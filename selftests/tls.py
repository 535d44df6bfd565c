#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""TLS peers that need no certificate, by anonymous key exchange.

Usage: tls.py server ADDRESS PORT
       tls.py client ADDRESS PORT NAME [SIZE [RECORD]]

The server answers each connection with the name that the client asked for. The
client prints that; its ClientHello leaves in segments of SIZE bytes, and in TLS
records of RECORD bytes. It exits with 1 if the connection is not made within two
seconds, or is broken. Needs no more than python3-minimal.
"""
import fcntl
import socket
import ssl
import sys
import time

CIPHERS = "AECDH-AES256-SHA:@SECLEVEL=0"


def context(kind):
    made = ssl.SSLContext(kind)
    if kind == ssl.PROTOCOL_TLS_CLIENT:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers(CIPHERS)
    return made


def serve(address, port):
    tls = context(ssl.PROTOCOL_TLS_SERVER)
    names = {}
    tls.sni_callback = lambda conn, name, _: names.__setitem__(conn, name)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.create_server((address, port), family=family, backlog=64)
    while True:
        sock, _ = listener.accept()
        sock.settimeout(2)
        try:
            conn = tls.wrap_socket(sock, server_side=True)
            conn.sendall((names.pop(conn, None) or "-").encode() + b"\n")
            conn.unwrap()
        except OSError:
            pass
        sock.close()


def records(data, size):
    """A record's handshake message in records of at most size bytes."""
    if data[0] != 22 or not size:
        return data
    at, out = 0, b""
    while at < len(data) and data[at] == 22:
        length = int.from_bytes(data[at + 3:at + 5], "big")
        body = data[at + 5:at + 5 + length]
        for part in range(0, length, size):
            out += data[at:at + 3] + len(body[part:part + size]).to_bytes(2, "big") + body[part:part + size]
        at += 5 + length
    return out + data[at:]


def connect(address, port, name, size, record):
    sock = socket.create_connection((address, port), timeout=2)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context(ssl.PROTOCOL_TLS_CLIENT).wrap_bio(incoming, outgoing, server_hostname=name)
    data, first = b"", True
    while not data.endswith(b"\n"):
        try:
            data += tls.read() if tls.version() and tls.cipher() else tls.do_handshake() or b""
        except ssl.SSLWantReadError:
            pass
        flight = outgoing.read()
        if first and flight:
            flight, first = records(flight, record), False
        for at in range(0, len(flight), size):
            # A segment of its own for each: the one before has been taken.
            sock.sendall(flight[at:at + size])
            wait_until_sent(sock)
        if not data.endswith(b"\n"):
            received = sock.recv(4096)
            if not received:
                raise ConnectionError("closed")
            incoming.write(received)
    print(data.decode().strip())


def wait_until_sent(sock):
    """Until nothing is unsent (SIOCOUTQNSD)."""
    end = time.monotonic() + 2
    while any(fcntl.ioctl(sock, 0x894B, b"\0" * 4)) and time.monotonic() < end:
        pass


def main():
    if sys.argv[1] == "server":
        serve(sys.argv[2], int(sys.argv[3]))
    try:
        size, record = [int(n) for n in sys.argv[5:] + ["16384", "0"][len(sys.argv[5:]):]]
        connect(sys.argv[2], int(sys.argv[3]), sys.argv[4], size, record)
    except OSError as error:
        sys.exit("tls.py: %s" % error)


main()
