/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Protocols whose header begins with two ports; see ports.h.
 */
#include "proto/ports.h"

#include <conntrack/plugin.h>

bool ct_ports_tuple(struct ct_pkt *pkt, struct ct_tuple *t)
{
	struct ct_cursor cur = ct_l4_cursor(pkt);

	t->src_id = ct_cursor_be16(&cur);
	t->dst_id = ct_cursor_be16(&cur);
	if (!ct_cursor_good(&cur))
		pkt->reason = CT_R_L4_TRUNCATED;
	return ct_cursor_good(&cur);
}

bool ct_ports_invert(const struct ct_tuple *t, struct ct_tuple *inverse)
{
	inverse->src_id = t->dst_id;
	inverse->dst_id = t->src_id;
	return true;
}
