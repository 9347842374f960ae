# SPDX-License-Identifier: BSD-2-Clause
"""Small peers for net.sh: peer.py WHAT ARGUMENT...

count ADDRESS PORT N    receive N datagrams, say how many of which size
send ADDRESS PORT N     send N datagrams
burst ADDRESS PORT N    send N datagrams of 1000 bytes as one super-packet
echo ADDRESS PORT       TCP server that sends back what it gets
talk ADDRESS PORT       TCP client: each line of standard input, and its answer
reflect ADDRESS PORT    UDP server that sends back what it gets
ring ADDRESS PORT FROM FROM_PORT
                        datagrams, several a second, until one is answered
log FILE                events of a JSON log, with the address that is answered
"""
import json
import socket
import sys

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


def talk(address, port):
    with socket.create_connection((address, int(port)), 15) as sock:
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


def log(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            event = json.loads(line)
            if event["time"].endswith("Z"):
                print(event["event"], event["reply_dst"])


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
