/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TCP ports that an Amanda server names in its answer.
 *
 *	CONNECT DATA 7001 MESG 7002 INDEX 7003
 *		     ^^^^      ^^^^	  ^^^^
 * Underlined: what NAT replaces.
 */
#ifndef HELPER_AMANDA_H
#define HELPER_AMANDA_H

#include <conntrack/cursor.h>

enum { CT_AMANDA_PORTS = 4 };

struct ct_amanda_port {
	uint32_t off;  /* what NAT replaces, from the text's first byte */
	uint32_t len;  /* how long that is */
	uint16_t port; /* host order; modulo 2^16, never 0 */
};

/*
 * The ports of DATA, MESG, INDEX and STATE, in this order.
 *
 * => Returns how many there are; a port that cannot be read ends them.
 */
size_t ct_amanda_parse(struct ct_cursor text,
		       struct ct_amanda_port ports[CT_AMANDA_PORTS]);

#endif /* HELPER_AMANDA_H */
