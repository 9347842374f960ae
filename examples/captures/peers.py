#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The small servers and clients of record.sh.

  peers.py dns ADDRESS      answer every A and AAAA question, for ever
  peers.py echo ADDRESS     TCP and UDP echo on port 7, for ever
  peers.py idle ADDRESS     a TCP connection that is silent for a while
  peers.py stream ADDRESS   some questions and answers from one UDP port
"""

import socket
import struct
import sys
import threading
import time

A, AAAA = 1, 28
ADDRESS_OF = {
    A: socket.inet_pton(socket.AF_INET, "198.51.100.2"),
    AAAA: socket.inet_pton(socket.AF_INET6, "2001:db8:2::2"),
}


def end_of_question(query):
    """Offset behind the first question, whose name begins at byte 12."""
    at = 12
    while query[at]:
        at += 1 + query[at]
    return at + 5


def answer(query):
    """One record for a question about an address, none for others."""
    end = end_of_question(query)
    kind = struct.unpack("!H", query[end - 4 : end - 2])[0]
    address = ADDRESS_OF.get(kind)
    head = query[:2] + struct.pack(
        "!HHHHH", 0x8580, 1, 1 if address else 0, 0, 0
    )
    record = b""
    if address:
        record = struct.pack("!HHHIH", 0xC00C, kind, 1, 300, len(address))
    return head + query[12:end] + record + (address or b"")


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def udp_server(address, port, reply):
    with socket.socket(family(address), socket.SOCK_DGRAM) as sock:
        sock.bind((address, port))
        while True:
            data, peer = sock.recvfrom(2048)
            sock.sendto(reply(data), peer)


def tcp_echo(address):
    with socket.create_server((address, 7), family=family(address)) as server:
        while True:
            conn, _ = server.accept()
            with conn:
                while data := conn.recv(2048):
                    conn.sendall(data)


def echo(address):
    threading.Thread(target=tcp_echo, args=[address], daemon=True).start()
    udp_server(address, 7, lambda data: data)


def idle(address):
    """Silent for 35 s; keep-alives show that both ends are still there."""
    with socket.create_connection((address, 7)) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 10)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10)
        for line in (b"hello\n", b"still there?\n"):
            sock.sendall(line)
            sock.recv(2048)
            time.sleep(17.5)


def stream(address):
    with socket.socket(family(address), socket.SOCK_DGRAM) as sock:
        sock.connect((address, 7))
        for number in range(5):
            sock.send(b"tick %d\n" % number)
            sock.recv(2048)
            time.sleep(1)


def main():
    what, address = sys.argv[1:]
    if what == "dns":
        udp_server(address, 53, answer)
    else:
        {"echo": echo, "idle": idle, "stream": stream}[what](address)


main()
