/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stateless.c - translation by prefix; see stateless.h
 */
#include "nat/stateless.h"

#include "core/table.h"
#include "nat/quote.h"
#include "nat/range.h"
#include "wire/csum.h"
#include "wire/hdr.h"

/* => The address begins as the prefix does. */
static bool is_in(const union ct_addr *addr, const union ct_addr *prefix,
		  unsigned bits)
{
	for (unsigned i = 0; bits; i++) {
		unsigned n = bits < 8 ? bits : 8;
		uint8_t mask = (uint8_t)(0xff00u >> n);

		if ((addr->bytes[i] ^ prefix->bytes[i]) & mask)
			return false;
		bits -= n;
	}
	return true;
}

static void replace(union ct_addr *addr, const union ct_addr *prefix,
		    unsigned bits)
{
	for (unsigned i = 0; bits; i++) {
		unsigned n = bits < 8 ? bits : 8;
		uint8_t mask = (uint8_t)(0xff00u >> n);

		addr->bytes[i] = (uint8_t)((addr->bytes[i] & ~mask) |
					   (prefix->bytes[i] & mask));
		bits -= n;
	}
}

/* A source goes out, a destination comes in; => whether it is mapped. */
static bool map(const struct ct_table *tbl, uint8_t l3, enum ct_nat_end end,
		union ct_addr *addr)
{
	for (uint32_t i = 0; i < tbl->n_maps; i++) {
		const struct ct_prefix_map *one = &tbl->maps[i];
		bool out = end == CT_NAT_SRC;
		const union ct_addr *from = out ? &one->inside : &one->outside;

		if (one->l3 != l3 || !is_in(addr, from, one->bits))
			continue;
		replace(addr, out ? &one->outside : &one->inside, one->bits);
		return true;
	}
	return false;
}

bool ct_nat_prefixed(const struct ct_table *tbl, uint8_t l3,
		     enum ct_nat_end end, const union ct_addr *addr)
{
	union ct_addr copy = *addr;

	return map(tbl, l3, end, &copy);
}

/* => False when the header is not all there. */
static bool read_addrs(const struct ct_pkt *pkt, struct ct_tuple *t)
{
	struct ct_cursor cur = ct_cursor_of(pkt->data, pkt->len);
	uint32_t len = pkt->l3 == CT_L3_IPV4 ? 4 : 16;

	t->l3 = pkt->l3;
	ct_cursor_skip(&cur, pkt->l3 == CT_L3_IPV4 ? CT_IPV4_SRC_OFF
						   : CT_IPV6_SRC_OFF);
	ct_cursor_copy(&cur, t->src.bytes, len);
	ct_cursor_copy(&cur, t->dst.bytes, len);
	return ct_cursor_good(&cur);
}

/* A transport header stays as it is, but for its checksum. */
static bool write_sum(const struct ct_table *tbl, struct ct_pkt *pkt,
		      struct ct_rewrite *how)
{
	const struct ct_l4_ops *l4 = ct_registry_l4(tbl, pkt->l4);
	struct ct_tuple ids = { .l3 = pkt->l3 };

	if ((pkt->flags & CT_PKT_LATER) || !l4->rewrite)
		return true;
	if (!l4->tuple(pkt, &ids))
		return false;
	how->src_id = ids.src_id;
	how->dst_id = ids.dst_id;
	return l4->rewrite(pkt, how);
}

/*
 * Put an address in its place, if it is mapped.
 *
 * => at: which way the packet goes, of an error the error itself; what it
 *    quotes went the other way, so of that the other end is written.
 */
static bool write_end(const struct ct_table *tbl, struct ct_pkt *pkt,
		      enum ct_nat_end at, struct ct_tuple *t,
		      struct ct_rewrite *how)
{
	const struct ct_l3_ops *l3 = ct_registry_l3(tbl, pkt->l3);
	union ct_addr *addr = ct_range_addr(t, how->end);

	if (!l3 || !l3->rewrite)
		return false;
	if (map(tbl, pkt->l3, at, addr))
		how->pseudo = l3->rewrite(pkt, how->end, addr);
	else if (!how->body)
		return true;
	return write_sum(tbl, pkt, how);
}

/* => What the sum over an error's body changes by, in how; false when the quote
 *    cannot be translated. */
static bool write_quote(const struct ct_table *tbl, const struct ct_pkt *pkt,
			const struct ct_quote *quote, struct ct_rewrite *how)
{
	struct ct_rewrite inner_how = {
		.end = how->end == CT_NAT_SRC ? CT_NAT_DST : CT_NAT_SRC,
	};
	struct ct_pkt inner;
	struct ct_tuple t;
	uint32_t before;

	if (quote->redirects || !ct_quote_open(tbl, pkt, quote, &inner, &t))
		return false;
	before = ct_quote_sum(&inner);
	if (!write_end(tbl, &inner, how->end, &t, &inner_how))
		return false;
	how->body = ct_csum_both(ct_quote_sum(&inner), ct_csum_fold(before));
	return true;
}

static bool is_error(const struct ct_table *tbl, const struct ct_pkt *pkt,
		     struct ct_quote *quote)
{
	const struct ct_l4_ops *l4 = ct_registry_l4(tbl, pkt->l4);

	return !(pkt->flags & CT_PKT_LATER) && l4->quote &&
	       l4->quote(pkt, quote);
}

/* => It would leave as what it is inside: its source has no outside, and its
 *    destination is not inside. */
static bool leaks(const struct ct_table *tbl, const struct ct_tuple *t,
		  enum ct_nat_end end)
{
	return end == CT_NAT_SRC && ct_core_param(tbl, CT_P_LEAK_PROOF) &&
	       !ct_nat_prefixed(tbl, t->l3, CT_NAT_SRC, &t->src) &&
	       !ct_nat_prefixed(tbl, t->l3, CT_NAT_SRC, &t->dst);
}

enum ct_reason ct_nat_stateless(struct ct_thread *thr, struct ct_pkt *pkt,
				enum ct_nat_end end)
{
	const struct ct_table *tbl = thr->tbl;
	struct ct_rewrite how = { .end = end };
	struct ct_tuple t = { .l3 = pkt->l3 };
	struct ct_quote quote;

	if (!read_addrs(pkt, &t))
		return CT_R_NAT_UNTRANSLATABLE;
	if (leaks(tbl, &t, end))
		return CT_R_NAT_LEAK;
	if (is_error(tbl, pkt, &quote) && !write_quote(tbl, pkt, &quote, &how))
		return CT_R_NAT_UNTRANSLATABLE;
	return write_end(tbl, pkt, end, &t, &how) ? CT_R_NONE
						  : CT_R_NAT_UNTRANSLATABLE;
}
