# SPDX-License-Identifier: BSD-2-Clause
"""Small peers for net.sh: peer.py WHAT ARGUMENT...

count ADDRESS PORT N    receive N datagrams, say how many of which size
send ADDRESS PORT N     send N datagrams
burst ADDRESS PORT N    send N datagrams of 1000 bytes as one super-packet
echo ADDRESS PORT       TCP server that sends back what it gets
talk ADDRESS PORT [SOURCE]
                        TCP client: each line of standard input, and its answer
shells ADDRESS PORT     TCP server that sends back what each of many says
spray ADDRESS PORT N    a datagram to each of N ports
reflect ADDRESS PORT    UDP server that sends back what it gets
ring ADDRESS PORT FROM FROM_PORT
                        datagrams, several a second, until one is answered
ppp                     a PPP daemon of pptpd's: a frame, then all as it comes
pptp ADDRESS            a PPTP call; waits for both frames, its own being back
log FILE                events of a JSON log, with the address that is answered
"""
import json
import os
import pty
import select
import socket
import subprocess
import sys
import time
import tty

UDP_SEGMENT = 103


def datagrams(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.bind((address, int(port)))
    return sock


def count(address, port, n):
    with datagrams(address, port) as sock:
        sizes = {len(sock.recv(65536)) for _ in range(int(n))}
    print(n, "datagrams of", *sorted(sizes), "bytes", flush=True)


def send(address, port, n):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for _ in range(int(n)):
            sock.sendto(b"hello", (address, int(port)))


def burst(address, port, n):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 1000)
        sock.sendto(b"x" * 1000 * int(n), (address, int(port)))


def echo(address, port):
    with socket.create_server((address, int(port))) as server:
        sock, _ = server.accept()
        with sock:
            while got := sock.recv(65536):
                sock.sendall(got)


def shells(address, port):
    poll = select.poll()
    with socket.create_server((address, int(port))) as server:
        poll.register(server, select.POLLIN)
        socks = {}
        while True:
            for fd, _ in poll.poll():
                if fd == server.fileno():
                    sock, _ = server.accept()
                    socks[sock.fileno()] = sock
                    poll.register(sock, select.POLLIN)
                    continue
                got = socks[fd].recv(65536)
                if got:
                    socks[fd].sendall(got)
                    continue
                poll.unregister(fd)
                socks.pop(fd).close()


def spray(address, port, n):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for i in range(int(n)):
            sock.sendto(b"hello", (address, int(port) + i))


def talk(address, port, source=""):
    with socket.create_connection(
        (address, int(port)), 15, (source, 0)
    ) as sock:
        answers = sock.makefile("r")
        for line in sys.stdin:
            sock.sendall(line.encode())
            print(answers.readline(), end="", flush=True)


def reflect(address, port):
    with datagrams(address, port) as sock:
        while True:
            got, peer = sock.recvfrom(65536)
            sock.sendto(got, peer)


def ring(address, port, source, source_port):
    with datagrams(source, source_port) as sock:
        sock.settimeout(0.1)
        for _ in range(100):
            sock.sendto(b"hello", (address, int(port)))
            try:
                got, peer = sock.recvfrom(65536)
            except (TimeoutError, ConnectionError):
                continue
            print(got.decode(), "from", *peer[:2], flush=True)
            return
    sys.exit("no answer")


def frame(text):
    """An LCP echo request with that text, framed (RFC 1662)."""
    body = b"\xff\x03\xc0\x21\x09\x01\x00" + bytes([8 + len(text)])
    body += bytes(4) + text
    fcs = 0xFFFF
    for byte in body:
        fcs ^= byte
        for _ in range(8):
            fcs = fcs >> 1 ^ (0x8408 if fcs & 1 else 0)
    body += (fcs ^ 0xFFFF).to_bytes(2, "little")
    escaped = b"".join(
        bytes([0x7D, byte ^ 0x20]) if byte < 0x20 or 0x7D <= byte <= 0x7E
        else bytes([byte]) for byte in body)
    return b"\x7e" + escaped + b"\x7e"


def ppp():
    tty.setraw(0)
    os.write(1, frame(b"from the server"))
    while got := os.read(0, 4096):
        os.write(1, got)


def pptp(address):
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    words = ["pptp", address, "--nolaunchpppd", "--debug", "--nohostroute"]
    got = b""
    with subprocess.Popen(words, stdin=theirs, stdout=theirs) as call:
        end = time.monotonic() + 12
        while time.monotonic() < end and (
                b"from the server" not in got or b"from us" not in got):
            os.write(ours, frame(b"from us"))
            if select.select([ours], [], [], 0.2)[0]:
                got += os.read(ours, 4096)
        call.terminate()
    for text in b"from the server", b"from us":
        print(text.decode(), text in got, flush=True)


def log(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            event = json.loads(line)
            if event["time"].endswith("Z"):
                print(event["event"], event["reply_dst"])


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
