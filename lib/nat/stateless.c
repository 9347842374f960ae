/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stateless.c - translation by prefix; see stateless.h
 */
#include "nat/stateless.h"

#include "core/table.h"
#include "nat/range.h"

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

enum ct_verdict ct_nat_stateless(struct ct_thread *thr, struct ct_pkt *pkt,
				 enum ct_nat_end end)
{
	const struct ct_l3_ops *l3 = ct_registry_l3(thr->tbl, pkt->l3);
	const struct ct_l4_ops *l4 = ct_registry_l4(thr->tbl, pkt->l4);
	struct ct_rewrite how = { .end = end };
	struct ct_tuple t = { .l3 = pkt->l3 };
	struct ct_pkt probe = *pkt;

	if (!l3 || !l3->rewrite || !l3->parse(&probe, &t) ||
	    !l4->tuple(&probe, &t))
		return CT_DROP;
	if (!map(thr->tbl, pkt->l3, end, ct_range_addr(&t, end)))
		return CT_ACCEPT;
	how.src_id = t.src_id;
	how.dst_id = t.dst_id;
	how.pseudo = l3->rewrite(pkt, end, ct_range_addr(&t, end));
	return !l4->rewrite || l4->rewrite(pkt, &how) ? CT_ACCEPT : CT_DROP;
}
