# SPDX-License-Identifier: GPL-2.0-only
"""
Usage: ftp.py [-s PORT] HOST COMMAND...

An FTP client that says what it is told. A COMMAND is sent with CR LF behind it
and its answer is waited for and printed; the first also waits for the greeting.

  +TEXT     sends TEXT as it is (with \\r \\n), and waits for nothing
  /         sends nothing for a while, so that what was sent is a segment
  =N        waits for N lines of answers
  ?         waits until standard input ends
"""
import codecs
import socket
import struct
import sys
import time


def main():
    args = sys.argv[1:]
    source = 0
    if args[0] == "-s":
        source = int(args[1])
        args = args[2:]
    host, commands = args[0], args[1:]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    s = socket.socket(family, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.settimeout(20)
    if source:
        s.bind(("", source))
        # the next one has the same ports: nothing may be left that waits
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.connect((host, 21))
    answers = s.makefile("rb")

    def answer():
        print(answers.readline().decode("latin1").rstrip(), flush=True)

    answer()
    for command in commands:
        if command == "/":
            time.sleep(0.1)
        elif command == "?":
            sys.stdin.read()
        elif command.startswith("="):
            for _ in range(int(command[1:])):
                answer()
        elif command.startswith("+"):
            s.sendall(codecs.decode(command[1:], "unicode_escape").encode("latin1"))
        else:
            s.sendall(command.encode() + b"\r\n")
            answer()


main()
