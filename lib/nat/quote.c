/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quote.c - what an ICMP error quotes; see quote.h
 */
#include "nat/quote.h"

#include "core/table.h"
#include "wire/csum.h"

/* Behind a quoted L3 header: as much as a tracker may write of an L4 one. */
enum { QUOTE_SUMMED = 64 };

bool ct_quote_open(const struct ct_table *tbl, const struct ct_pkt *pkt,
		   const struct ct_quote *quote, struct ct_pkt *inner,
		   struct ct_tuple *t)
{
	const struct ct_l3_ops *l3 = ct_registry_l3(tbl, quote->l3);
	struct ct_cursor whole = ct_l4_cursor(pkt);
	uint32_t len = pkt->l4_off + (uint32_t)ct_cursor_left(&whole);

	if (!l3 || quote->off >= len)
		return false;
	*inner = (struct ct_pkt){
		.data = pkt->data + quote->off,
		.len = len - quote->off,
		.l3 = quote->l3,
	};
	*t = (struct ct_tuple){ .l3 = quote->l3 };
	return l3->parse_quoted(inner, t);
}

uint32_t ct_quote_sum(const struct ct_pkt *inner)
{
	uint32_t len = inner->l4_off + QUOTE_SUMMED;

	return ct_csum_add(0, inner->data, len < inner->len ? len : inner->len);
}
