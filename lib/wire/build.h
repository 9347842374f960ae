/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets that the library makes itself: TCP segments, and answers to packets
 * that go no further.  Bytes in, bytes out; who sends them is the host.
 */
#ifndef CT_WIRE_BUILD_H
#define CT_WIRE_BUILD_H

#include <conntrack/types.h>

/* As much as no link cuts: IPv6's least MTU (RFC 8200 5). */
enum { CT_BUILD_MAX = 1280 };

/* A packet that was made. */
struct ct_built {
	uint8_t bytes[CT_BUILD_MAX];
	uint32_t len;
	uint8_t l3;
};

/* Bytes of TCP options, at most. */
enum { CT_BUILD_OPTIONS = 40 };

/* What a TCP segment says.  Numbers are of host order, but for the ports. */
struct ct_segment {
	union ct_addr src;
	union ct_addr dst;
	ct_be16 src_port;
	ct_be16 dst_port;
	uint32_t seq;
	uint32_t ack;
	uint16_t window;
	uint8_t flags;       /* as in the header's byte: FIN is 1 */
	uint8_t options_len; /* a multiple of four */
	uint8_t options[CT_BUILD_OPTIONS];
	uint32_t data_len; /* read: bytes behind the header */
};

/* Flags of ct_segment. */
enum {
	CT_SEG_FIN = 1,
	CT_SEG_SYN = 2,
	CT_SEG_RST = 4,
	CT_SEG_PSH = 8,
	CT_SEG_ACK = 16
};

/*
 * Read a whole packet as a TCP segment.
 *
 * => Foreign bytes; false for what is no segment, cut, or a later fragment.
 * => Its checksum is not looked at.
 */
bool ct_segment_read(struct ct_segment *seg, uint8_t l3, const uint8_t *bytes,
		     uint32_t len);

/* Make a segment without data; checksums are whole. */
void ct_build_segment(struct ct_built *built, uint8_t l3,
		      const struct ct_segment *seg);

/* Make an empty datagram of UDP or UDP-Lite, as the tuple has it. */
void ct_build_datagram(struct ct_built *built, const struct ct_tuple *t);

/*
 * Make the RST that refuses a segment (RFC 9293 3.10.7.1).
 *
 * => False when nothing may be answered: it is a RST itself, or no segment.
 */
bool ct_build_reset(struct ct_built *built, uint8_t l3, const uint8_t *bytes,
		    uint32_t len);

/* Errors that are told by ICMP, for both families. */
enum ct_build_icmp {
	CT_ICMP_PROHIBITED,  /* by administration */
	CT_ICMP_UNREACHABLE, /* the host */
	CT_ICMP_PORT,        /* the port */
	CT_ICMP_REASSEMBLY   /* time for reassembly is over */
};

/*
 * Make the ICMP error about a packet, to its sender.
 *
 * It quotes as much as RFC 1812 4.3.2.3 and RFC 4443 2.4 (c) allow.
 *
 * => from: whose error it is; NULL: the packet's destination.
 * => False where none may be sent (RFC 1122 3.2.2, RFC 4443 2.4 (e)): about an
 *    ICMP error, a later fragment, to or from a group or nobody.
 */
bool ct_build_icmp(struct ct_built *built, enum ct_build_icmp which, uint8_t l3,
		   const uint8_t *bytes, uint32_t len,
		   const union ct_addr *from);

#endif
