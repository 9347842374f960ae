/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The header of a fragment: of IPv4 (RFC 791 3.1), or of IPv6 with its fragment
 * header (RFC 8200 4.5).
 *
 *	 0               8              16              24             31
 *	+---------------+---------------+-------------------------+---+-+
 *	|  next header  |   reserved    |     fragment offset     |res|M|
 *	+---------------+---------------+-------------------------+---+-+
 *	|                        identification                         |
 *	+---------------------------------------------------------------+
 */
#ifndef CT_WIRE_FRAGMENT_H
#define CT_WIRE_FRAGMENT_H

#include <conntrack/cursor.h>
#include <conntrack/types.h>

/* Bytes of IPv6's fragment header. */
enum { CT_FRAGMENT_HDR_LEN = 8 };

/* Longer ones cannot be written, whatever was put together. */
enum { CT_DATAGRAM_MAX = UINT16_MAX };

struct ct_fragment {
	/*
	 * What the fragments of one datagram have in common: addresses, the
	 * identification in place of the ids, for IPv4 the protocol.  The zone
	 * is left 0.
	 */
	struct ct_tuple key;
	uint32_t hdr;     /* bytes before the payload */
	uint32_t off;     /* of the payload in the datagram's */
	uint32_t len;     /* of the payload */
	uint16_t next_at; /* IPv6: the byte that names the fragment header */
	uint8_t next;     /* the protocol that its header names */
	uint8_t ecn;      /* RFC 3168 codepoint, as bit 1 << codepoint */
	bool more;        /* not the last */
	bool df;          /* IPv4: not to be cut any further */
};

/*
 * Read the header of a fragment of len contiguous bytes, total bytes in all.
 *
 * => False when there is no fragment's header, or not all of it; also for
 *    super-packets and jumbograms, whose length is not in the header.
 */
bool ct_fragment_read(const uint8_t *bytes, uint32_t len, uint8_t l3,
		      struct ct_fragment *frag);

/*
 * Whether an IPv6 first fragment lacks a part of its header chain, up to the
 * upper layer's header (RFC 8200 4.5, RFC 7112).
 */
bool ct_fragment_chain_cut(const uint8_t *bytes, uint32_t len,
			   const struct ct_fragment *frag);

/* How a piece is cut out of a datagram. */
struct ct_cut {
	const uint8_t *hdr; /* of the datagram, without a fragment header */
	uint32_t hdr_len;   /* what each piece repeats of it */
	uint32_t next_at;   /* IPv6: the byte that names what follows */
	uint32_t id;
	uint32_t off; /* of the piece's payload */
	uint32_t len;
	uint8_t l3;
	bool more;
	bool df; /* IPv4 */
};

/* => Bytes of a piece's header. */
uint32_t ct_cut_hdr(const struct ct_cut *cut);

/* Write a piece's header; to has ct_cut_hdr() bytes. */
void ct_cut_write(const struct ct_cut *cut, uint8_t *to);

/*
 * Bytes of an IPv6 header that every fragment repeats: up to the last routing
 * header, and whatever comes before it (RFC 8200 4.5).
 *
 * => 0 when the chain is broken; next_at is where its last byte of "next
 *    header" stands.
 */
uint32_t ct_ip6_unfragmentable(const uint8_t *bytes, uint32_t len,
			       uint32_t *next_at);

#endif
