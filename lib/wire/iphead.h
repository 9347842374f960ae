/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An IP header as what IPv4 and IPv6 have in common: read from one, it can be
 * written as the other (RFC 7915 4.1 and 5.1).
 */
#ifndef CT_WIRE_IPHEAD_H
#define CT_WIRE_IPHEAD_H

#include <conntrack/cursor.h>
#include <conntrack/types.h>

enum {
	CT_IPHEAD_MAX = 48, /* bytes of IPv6 and a fragment header */
	/* IPv6's least MTU, less what its header is longer: DF from there on */
	CT_IPHEAD_DF_ABOVE = 1260
};

struct ct_iphead {
	union ct_addr src;
	union ct_addr dst;
	uint32_t payload; /* bytes behind it and its extensions, as it says */
	uint32_t id;      /* of a fragment; or what an IPv4 header is to get */
	uint16_t frag;    /* as IPv6 has it: offset in bytes, CT_IPV6_MORE */
	uint8_t tclass;   /* traffic class; IPv4: type of service */
	uint8_t hops;     /* hop limit; IPv4: time to live */
	uint8_t l4;
	bool fragment; /* with a fragment header, if only an atomic one */
	bool bound;    /* must not be translated: a source route that is not
			  spent, or an authentication header */
};

/*
 * Read a header and what belongs to it.
 *
 * => cur stands at its first byte; left behind all of it.
 * => False when it is broken or cut.
 */
bool ct_iphead_read(struct ct_iphead *head, uint8_t l3, struct ct_cursor *cur);

/*
 * Write it as a header of IPv4 or of IPv6.
 *
 * => How many bytes: 20, 40 or 48.
 * => A length for which the field is too small is written as 0, as those of
 *    super-packets are.
 */
uint32_t ct_iphead_write(const struct ct_iphead *head, uint8_t l3,
			 uint8_t bytes[CT_IPHEAD_MAX]);

#endif
