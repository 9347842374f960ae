/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * refuse.c - what happens to a newcomer for which there is no room
 *
 * The host has the last word: its policy's, its table's, or its callback's.
 * Whatever passes without a connection is UNTRACKED, and says why; only
 * ct_nat_apply() looks at it again, where a prefix is to be translated.
 */
#include "refuse.h"

#include "core/emit.h"
#include "process.h"
#include "wire/hdr.h"

static enum ct_overflow_verdict wish(struct ct_thread *thr, struct ct_pkt *pkt,
				     enum ct_reason reason)
{
	const struct ct_overflow_ops *ops = thr->tbl->overflow;
	unsigned verdict = pkt->policy ? pkt->policy->overflow
				       : (unsigned)CT_OVERFLOW_DEFAULT;

	if (verdict == CT_OVERFLOW_DEFAULT)
		verdict = ct_core_param(thr->tbl, CT_P_VERDICT);
	if (verdict == CT_OVERFLOW_CALLBACK)
		verdict = ops && ops->refused
				  ? ops->refused(ops->user, thr, pkt, reason)
				  : CT_OVERFLOW_DROP;
	return (enum ct_overflow_verdict)verdict;
}

/* Tell the sender, so that it need not wait: by RST, or by ICMP that it is
 * prohibited (RFC 1812 5.2.7.1; RFC 4443 3.1). */
static void reject(struct ct_thread *thr, const struct ct_pkt *pkt)
{
	struct ct_built built;
	bool is_tcp = pkt->l4 == CT_IPPROTO_TCP;

	if (is_tcp ? ct_build_reset(&built, pkt->l3, pkt->data, pkt->len)
		   : ct_build_icmp(&built, CT_ICMP_PROHIBITED, pkt->l3,
				   pkt->data, pkt->len, NULL))
		ct_emit(thr, &built, pkt->zone, pkt->mark);
}

static enum ct_verdict pass(struct ct_thread *thr, struct ct_pkt *pkt,
			    enum ct_reason reason)
{
	pkt->conn = NULL;
	pkt->state = CT_UNTRACKED;
	return ct_answer(thr, pkt, reason);
}

static enum ct_verdict drop(struct ct_thread *thr, struct ct_pkt *pkt,
			    enum ct_reason reason)
{
	pkt->conn = NULL;
	pkt->state = CT_INVALID;
	ct_answer(thr, pkt, reason);
	return CT_DROP;
}

enum ct_verdict ct_refuse(struct ct_thread *thr, struct ct_pkt *pkt,
			  enum ct_reason reason)
{
	ct_ledger_refused(thr->tbl,
			  pkt->policy ? (uint8_t)pkt->policy->class_ : 0);
	switch (wish(thr, pkt, reason)) {
	case CT_OVERFLOW_UNTRACKED:
		return pass(thr, pkt, CT_R_OVERFLOW_UNTRACKED);
	case CT_OVERFLOW_STATELESS:
		if (thr->tbl->n_maps)
			return pass(thr, pkt, CT_R_OVERFLOW_STATELESS);
		return drop(thr, pkt, reason);
	case CT_OVERFLOW_REJECT:
		reject(thr, pkt);
		return drop(thr, pkt, reason);
	default:
		return drop(thr, pkt, reason);
	}
}

/* --- What a host may set ------------------------------------------------ */

int ct_overflow_register(struct ct_table *tbl,
			 const struct ct_overflow_ops *ops)
{
	if (ct_sealed(tbl))
		return CT_E_SEALED;
	/* A constant is not copied, so it must be of our version. */
	if (ops->size != sizeof(*ops))
		return CT_E_VERSION;
	if (!ops->name)
		return CT_E_INVAL;
	tbl->overflow = ops;
	return 0;
}

/* => The first bits of two addresses are the same. */
static bool in_common(const union ct_addr *a, const union ct_addr *b,
		      unsigned bits)
{
	unsigned whole = bits / 8;
	uint8_t mask = (uint8_t)(0xff00u >> bits % 8);

	return !memcmp(a->bytes, b->bytes, whole) &&
	       (!(bits % 8) || !((a->bytes[whole] ^ b->bytes[whole]) & mask));
}

/* => Nothing behind the prefix. */
static bool is_prefix(const union ct_addr *addr, unsigned bits)
{
	static const union ct_addr zero;
	union ct_addr rest = *addr;

	for (unsigned i = 0; i < bits / 8; i++)
		rest.bytes[i] = 0;
	if (bits % 8)
		rest.bytes[bits / 8] &= (uint8_t)(0xffu >> bits % 8);
	return !memcmp(&rest, &zero, sizeof(rest));
}

/* => Two maps have an address in common. */
static bool overlap(const struct ct_prefix_map *a,
		    const struct ct_prefix_map *b)
{
	unsigned bits = a->bits < b->bits ? a->bits : b->bits;

	return a->l3 == b->l3 && (in_common(&a->inside, &b->inside, bits) ||
				  in_common(&a->outside, &b->outside, bits) ||
				  in_common(&a->inside, &b->outside, bits) ||
				  in_common(&a->outside, &b->inside, bits));
}

int ct_overflow_prefix(struct ct_table *tbl, uint8_t l3,
		       const union ct_addr *inside,
		       const union ct_addr *outside, uint8_t bits)
{
	struct ct_prefix_map map = { *inside, *outside, l3, bits };

	if (ct_sealed(tbl))
		return CT_E_SEALED;
	if ((l3 != CT_L3_IPV4 && l3 != CT_L3_IPV6) || !bits ||
	    bits > (l3 == CT_L3_IPV4 ? 32 : 128))
		return CT_E_INVAL;
	if (tbl->n_maps == CT_PREFIX_MAPS)
		return CT_E_FULL;
	if (!is_prefix(inside, bits) || !is_prefix(outside, bits) ||
	    in_common(inside, outside, bits))
		return CT_E_REFUSED;
	for (uint32_t i = 0; i < tbl->n_maps; i++)
		if (overlap(&tbl->maps[i], &map))
			return CT_E_REFUSED;
	if (!tbl->maps)
		tbl->maps =
			ct_mem_alloc(&tbl->mem, CT_PREFIX_MAPS * sizeof(map),
				     _Alignof(struct ct_prefix_map));
	if (!tbl->maps)
		return CT_E_NOMEM;
	tbl->maps[tbl->n_maps++] = map;
	return 0;
}

void ct_prefixes_fini(struct ct_table *tbl)
{
	ct_mem_free(&tbl->mem, tbl->maps, CT_PREFIX_MAPS * sizeof(*tbl->maps));
}
