/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Protocols whose header begins with two ports; see ports.h.
 */
#include "proto/ports.h"

#include "wire/csum.h"

#include <conntrack/plugin.h>
#include <string.h>

bool ct_ports_tuple(struct ct_pkt *pkt, struct ct_tuple *t)
{
	struct ct_cursor cur = ct_l4_cursor(pkt);

	t->src_id = ct_cursor_be16(&cur);
	t->dst_id = ct_cursor_be16(&cur);
	if (!ct_cursor_good(&cur))
		pkt->reason = CT_R_L4_TRUNCATED;
	return ct_cursor_good(&cur);
}

uint32_t ct_ports_write(struct ct_pkt *pkt, const struct ct_rewrite *how)
{
	uint8_t *at = pkt->data + pkt->l4_off;
	ct_be16 id = how->to->src_id;
	uint32_t diff;

	if (how->end == CT_NAT_DST) {
		at += sizeof(id);
		id = how->to->dst_id;
	}
	diff = ct_csum_diff(0, at, &id, sizeof(id));
	memcpy(at, &id, sizeof(id));
	return diff;
}

bool ct_ports_invert(const struct ct_tuple *t, struct ct_tuple *inverse)
{
	inverse->src_id = t->dst_id;
	inverse->dst_id = t->src_id;
	return true;
}
