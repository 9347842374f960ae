/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chain of IPv6 extension headers (RFC 8200 4).
 */
#ifndef CT_WIRE_IP6EXT_H
#define CT_WIRE_IP6EXT_H

#include <conntrack/cursor.h>

/* How a chain ended. */
enum ct_ip6_end {
	CT_IP6_UPPER,   /* at an upper-layer header */
	CT_IP6_NO_NEXT, /* at "no next header" */
	CT_IP6_LATER,   /* at a fragment which is not the first: no upper-layer
			   header is in it */
	CT_IP6_BROKEN   /* beyond the bytes, or more headers than we follow */
};

/* What a walk found. */
struct ct_ip6ext {
	uint8_t l4;      /* the header that follows the chain */
	bool fragmented; /* a fragment header that is not an atomic one's */
	bool cut;        /* BROKEN only since the last header of the chain ends
			    beyond the bytes; l4 is right */
	bool bound;   /* to its addresses: a routing header with a hop still to
			    come, or an authentication header */
	uint32_t len; /* bytes of the chain */
	const uint8_t *fragment; /* the last fragment header, or NULL */
};

/*
 * Walk over the extension headers at cur, the first of which is of type next.
 *
 * => cur is left behind the chain when the end is CT_IP6_UPPER.
 * => Hop-by-hop, routing, destination, fragment and authentication headers are
 *    walked over, in any order; whatever else is the upper layer, ESP included.
 */
enum ct_ip6_end ct_ip6ext_walk(struct ct_cursor *cur, uint8_t next,
			       struct ct_ip6ext *ext);

#endif
