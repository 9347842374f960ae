# SPDX-License-Identifier: BSD-2-Clause
"""SCTP peers for helpers.sh: sctp.py WHAT ARGUMENT...

kernel                      whether this kernel has SCTP
answer ADDRESS PORT         an end that takes one association (crafted)
call ADDRESS PORT FROM FROM_PORT
                            its other end: set-up, data, shutdown (crafted)
echo ADDRESS PORT           the same two ends, by the kernel
talk ADDRESS PORT

A crafted end is a raw socket: RFC 9260's handshake with its tags, no timers
but one for what is lost.
"""
import os
import socket
import struct
import sys
import time

SCTP = 132
DATA, INIT, INIT_ACK, SACK = 0, 1, 2, 3
SHUTDOWN, SHUTDOWN_ACK, COOKIE_ECHO, COOKIE_ACK = 7, 8, 10, 11
SHUTDOWN_COMPLETE = 14
COOKIE = b"a cookie"


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return struct.pack("<I", crc ^ 0xFFFFFFFF)


def chunk(kind, value=b"", flags=0):
    text = struct.pack("!BBH", kind, flags, 4 + len(value)) + value
    return text + bytes(-len(text) % 4)


class End:
    def __init__(self, address, port):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, SCTP)
        self.sock.bind((address, 0))
        self.port = int(port)
        self.tag = int.from_bytes(os.urandom(4), "big") | 1
        self.peer = None
        self.peer_tag = 0

    def send(self, tag, text):
        head = struct.pack("!HHI", self.port, self.peer[1], tag)
        crc = crc32c(head + bytes(4) + text)
        self.sock.sendto(head + crc + text, (self.peer[0], 0))

    def receive(self, *kinds):
        """The first chunk of the next good packet that has one of these."""
        while True:
            packet, (address, _) = self.sock.recvfrom(65536)
            packet = packet[(packet[0] & 15) * 4:]
            sport, dport, tag = struct.unpack("!HHI", packet[:8])
            kind, _, length = struct.unpack("!BBH", packet[12:16])
            good = crc32c(packet[:8] + bytes(4) + packet[12:])
            if dport != self.port or kind not in kinds:
                continue
            if packet[8:12] != good or tag != (0 if kind == INIT
                                               else self.tag):
                sys.exit("a wrong checksum or tag")
            self.peer = address, sport
            return kind, packet[16:12 + length]

    def ask(self, tag, text, answer):
        self.sock.settimeout(1)
        for _ in range(8):
            self.send(tag, text)
            try:
                return self.receive(answer)[1]
            except TimeoutError:
                pass
        sys.exit("no answer")

    def init(self, more=b""):
        return struct.pack("!IIHHI", self.tag, 65536, 1, 1, 1) + more


def answer(address, port):
    end = End(address, port)
    while True:
        kind, value = end.receive(INIT, COOKIE_ECHO, DATA, SHUTDOWN,
                                  SHUTDOWN_COMPLETE)
        if kind == INIT:
            end.peer_tag = struct.unpack("!I", value[:4])[0]
            cookie = struct.pack("!HH", 7, 4 + len(COOKIE)) + COOKIE
            end.send(end.peer_tag, chunk(INIT_ACK, end.init(cookie)))
            print("asked by", *end.peer, flush=True)
        elif kind == COOKIE_ECHO:
            end.send(end.peer_tag, chunk(COOKIE_ACK))
        elif kind == DATA:
            print("told", value[12:].decode(), flush=True)
            end.send(end.peer_tag, chunk(SACK, value[:4] + struct.pack(
                "!IHH", 65536, 0, 0)))
        elif kind == SHUTDOWN:
            end.send(end.peer_tag, chunk(SHUTDOWN_ACK))
        else:
            print("over", flush=True)
            return


def call(address, port, source, source_port):
    end = End(source, source_port)
    end.peer = address, int(port)
    value = end.ask(0, chunk(INIT, end.init()), INIT_ACK)
    end.peer_tag = struct.unpack("!I", value[:4])[0]
    cookie = value[20:20 + len(COOKIE)]
    end.ask(end.peer_tag, chunk(COOKIE_ECHO, cookie), COOKIE_ACK)
    text = struct.pack("!IHHI", 1, 0, 0, 0) + b"hello"
    end.ask(end.peer_tag, chunk(DATA, text, 3), SACK)
    end.ask(end.peer_tag, chunk(SHUTDOWN, struct.pack("!I", 1)), SHUTDOWN_ACK)
    end.send(end.peer_tag, chunk(SHUTDOWN_COMPLETE))


def stream():
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM, SCTP)


def kernel():
    try:
        stream().close()
    except OSError:
        sys.exit(1)


def echo(address, port):
    with stream() as server:
        server.bind((address, int(port)))
        server.listen()
        sock, peer = server.accept()
        with sock:
            print("asked by", *peer, flush=True)
            while got := sock.recv(65536):
                print("told", got.decode(), flush=True)
                sock.sendall(got)
    print("over", flush=True)


def talk(address, port):
    with stream() as sock:
        sock.settimeout(10)
        for _ in range(20):
            try:
                sock.connect((address, int(port)))
                break
            except ConnectionRefusedError:
                time.sleep(0.1)
        sock.sendall(b"hello")
        if sock.recv(65536) != b"hello":
            sys.exit("another word")


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
