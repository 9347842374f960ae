#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""rewrap.py CT-REPLAY CAPTURE...: the same packets in other clothes.

The IP packets of an Ethernet capture are written again under every link layer
and in every file format that ct-replay reads; the events must not change.
"""

import struct
import subprocess
import sys

ETHERNET = 1
MAC = bytes.fromhex("020000000101020000000102")
SLL = bytes.fromhex("0000000100060200000001020000")
SLL2 = bytes.fromhex("000000000001000100060200000001020000")


def be16(number):
    return struct.pack("!H", number)


def ethertype(packet):
    return be16(0x0800 if packet[0] >> 4 == 4 else 0x86DD)


def ppp(packet):
    return be16(0x0021 if packet[0] >> 4 == 4 else 0x0057) + packet


def family(packet):
    return 2 if packet[0] >> 4 == 4 else 10


def pppoe(packet):
    return b"\x11\0\0\1" + be16(len(packet) + 2) + ppp(packet)


def nflog(packet):
    hook = struct.pack("=HH", 8, 1) + ethertype(packet) + b"\0\0"
    head = struct.pack("=HH", 4 + len(packet), 9)
    padding = bytes(-len(packet) % 4)
    return bytes([family(packet), 0, 0, 0]) + hook + head + packet + padding


# Name, link type as it stands in files, how a packet is wrapped.
WRAPS = [
    ("ethernet", ETHERNET, lambda p: MAC + ethertype(p) + p),
    ("padded", ETHERNET, lambda p: (MAC + ethertype(p) + p).ljust(60, b"\0")),
    ("vlan", ETHERNET, lambda p: MAC + b"\x81\0\0\5" + ethertype(p) + p),
    ("qinq", ETHERNET,
     lambda p: MAC + b"\x88\xa8\0\5\x81\0\0\6" + ethertype(p) + p),
    ("qinq-old", ETHERNET,
     lambda p: MAC + b"\x91\0\0\5\x81\0\0\6" + ethertype(p) + p),
    ("mpls", ETHERNET, lambda p: MAC + b"\x88\x47\0\1\0\x3f\0\2\1\x3f" + p),
    ("pppoe", ETHERNET, lambda p: MAC + b"\x88\x64" + pppoe(p)),
    ("snap", ETHERNET,
     lambda p: MAC + be16(len(p) + 8) + b"\xaa\xaa\3\0\0\0" + ethertype(p) + p),
    ("ppp", 9, ppp),
    ("ppp-framed", 9, lambda p: b"\xff\3" + ppp(p)),
    ("ppp-hdlc", 50, lambda p: b"\xff\3" + ppp(p)),
    ("ppp-ether", 51, pppoe),
    ("cisco-hdlc", 104, lambda p: b"\x0f\0" + ethertype(p) + p),
    ("ppp-dir", 204, lambda p: b"\1\xff\3" + ppp(p)),
    ("null", 0, lambda p: struct.pack("=I", family(p)) + p),
    ("loop", 108, lambda p: struct.pack("!I", family(p)) + p),
    ("raw", 101, lambda p: p),
    ("sll", 113, lambda p: SLL + ethertype(p) + p),
    ("sll2", 276, lambda p: ethertype(p) + SLL2 + p),
    ("nflog", 239, nflog),
]


def read_pcap(path):
    """(seconds, microseconds, IP packet) of a little-endian pcap file."""
    with open(path, "rb") as file:
        data = file.read()
    magic, link_type = struct.unpack("<I16xI", data[:24])
    assert magic == 0xA1B2C3D4 and link_type == ETHERNET, path
    at = 24
    while at < len(data):
        sec, usec, kept, length = struct.unpack("<IIII", data[at : at + 16])
        frame = data[at + 16 : at + 16 + kept]
        assert kept == length, f"{path}: a frame was cut"
        if frame[12:14] in (b"\x08\0", b"\x86\xdd"):
            yield sec, usec, frame[14:]
        at += 16 + kept


def pcap(link_type, frames, order="<", nanoseconds=False):
    magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
    out = struct.pack(order + "IHHIIII", magic, 2, 4, 0, 0, 65535, link_type)
    for sec, usec, frame in frames:
        part = usec * 1000 if nanoseconds else usec
        out += struct.pack(order + "IIII", sec, part, len(frame), len(frame))
        out += frame
    return out


def block(kind, body, order):
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def pcapng(link_type, frames, order="<"):
    section = struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)
    out = block(0x0A0D0D0A, section, order)
    out += block(1, struct.pack(order + "HHI", link_type, 0, 65535), order)
    for sec, usec, frame in frames:
        time = sec * 1000000 + usec
        head = struct.pack(
            order + "IIIII", 0, time >> 32, time & 0xFFFFFFFF, len(frame),
            len(frame),
        )
        out += block(6, head + frame, order)
    return out


def files_of(packets):
    """Name and bytes of each file that holds the packets."""
    for name, link_type, wrap in WRAPS:
        frames = [(sec, usec, wrap(packet)) for sec, usec, packet in packets]
        yield name, pcap(link_type, frames)
    plain = [(sec, usec, MAC + ethertype(p) + p) for sec, usec, p in packets]
    yield "nanoseconds", pcap(ETHERNET, plain, nanoseconds=True)
    yield "big-endian", pcap(ETHERNET, plain, order=">")
    yield "pcapng", pcapng(ETHERNET, plain)
    yield "pcapng-big-endian", pcapng(ETHERNET, plain, order=">")


def events(tool, capture, data=None):
    done = subprocess.run(
        [tool, "--no-summary", "--timestamp", capture],
        check=True,
        input=data,
        stdout=subprocess.PIPE,
    )
    return done.stdout


def main():
    tool, *captures = sys.argv[1:]
    for capture in captures:
        expected = events(tool, capture)
        assert expected, capture
        for name, data in files_of(list(read_pcap(capture))):
            assert events(tool, "-", data) == expected, (capture, name)


main()
