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
#include "nat/stateless.h"
#include "process.h"
#include "wire/hdr.h"

#define SECOND_NS UINT64_C(1000000000)

/* Seconds in which an error about a packet comes back: a receiver waits as long
 * for the rest of a datagram (RFC 1122 3.3.2). */
enum { ERROR_S = 120 };

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

/*
 * => One more sender may be told: a token bucket of a second's worth, for the
 *    table (RFC 4443 2.4 (f), RFC 1812 4.3.2.8).
 *
 * told_ns is when the bucket will be full again; each token moves it on.
 */
static bool may_tell(struct ct_thread *thr)
{
	uint64_t each = SECOND_NS / ct_core_param(thr->tbl, CT_P_REJECT_RATE);
	_Atomic uint64_t *told = &thr->tbl->told_ns;
	uint64_t was = atomic_load_explicit(told, memory_order_relaxed), from;

	do {
		from = was > thr->now_ns ? was : thr->now_ns;
		if (from + each > thr->now_ns + SECOND_NS)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(told, &was, from + each,
							memory_order_relaxed,
							memory_order_relaxed));
	return true;
}

/* Tell the sender, so that it need not wait: by RST, or by ICMP that it is
 * prohibited (RFC 1812 5.2.7.1; RFC 4443 3.1). */
static void reject(struct ct_thread *thr, const struct ct_pkt *pkt)
{
	struct ct_built built;
	bool is_tcp = pkt->l4 == CT_IPPROTO_TCP;

	if (!ct_emits(thr->tbl))
		return;
	if (!may_tell(thr)) {
		ct_ledger_add(thr->tbl, CT_LEDGER_UNTOLD, 1);
		return;
	}
	if (is_tcp ? ct_build_reset(&built, pkt->l3, pkt->data, pkt->len)
		   : ct_build_icmp(&built, CT_ICMP_PROHIBITED, pkt->l3,
				   pkt->data, pkt->len, NULL)) {
		ct_ledger_add(thr->tbl, CT_LEDGER_TOLD, 1);
		ct_emit(thr, &built, pkt->zone, pkt->mark);
	}
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

/* => The second of now, which is never 0. */
static uint32_t second_now(const struct ct_thread *thr)
{
	uint32_t now = (uint32_t)(thr->now_ns / SECOND_NS);

	return now ? now : 1;
}

static enum ct_verdict by_prefix(struct ct_thread *thr, struct ct_pkt *pkt)
{
	_Atomic uint32_t *at = &thr->tbl->stateless_at;
	uint32_t now = second_now(thr);

	if (atomic_load_explicit(at, memory_order_relaxed) != now)
		atomic_store_explicit(at, now, memory_order_relaxed);
	return pass(thr, pkt, CT_R_OVERFLOW_STATELESS);
}

static void count(struct ct_thread *thr, const struct ct_pkt *pkt)
{
	ct_ledger_refused(thr->tbl,
			  pkt->policy ? (uint8_t)pkt->policy->class_ : 0);
}

/* => It is of everybody's class, and nobody is asked or told. */
static inline bool only_drops(const struct ct_table *tbl,
			      const struct ct_pkt *pkt)
{
	return !pkt->policy &&
	       ct_core_param(tbl, CT_P_VERDICT) == CT_OVERFLOW_DROP;
}

enum ct_verdict ct_refuse(struct ct_thread *thr, struct ct_pkt *pkt,
			  enum ct_reason reason)
{
	if (ct_likely(only_drops(thr->tbl, pkt)))
		return drop(thr, pkt, reason);
	count(thr, pkt);
	switch (wish(thr, pkt, reason)) {
	case CT_OVERFLOW_UNTRACKED:
		return pass(thr, pkt, CT_R_OVERFLOW_UNTRACKED);
	case CT_OVERFLOW_STATELESS:
		/* A callback may wish for what was never set up. */
		return thr->tbl->n_maps ? by_prefix(thr, pkt)
					: drop(thr, pkt, reason);
	case CT_OVERFLOW_REJECT:
		reject(thr, pkt);
		return drop(thr, pkt, reason);
	default:
		return drop(thr, pkt, reason);
	}
}

enum ct_verdict ct_refuse_proxied(struct ct_thread *thr, struct ct_pkt *pkt,
				  enum ct_reason reason)
{
	count(thr, pkt);
	if (wish(thr, pkt, reason) == CT_OVERFLOW_REJECT)
		reject(thr, pkt);
	return drop(thr, pkt, reason);
}

/* => Something passed by a prefix so lately that errors may come back. */
static bool errors_are_out(const struct ct_thread *thr)
{
	uint32_t at = atomic_load_explicit(&thr->tbl->stateless_at,
					   memory_order_relaxed);

	return at && (int32_t)(second_now(thr) - at) <= ERROR_S;
}

bool ct_refuse_relates(struct ct_thread *thr, const struct ct_tuple *answer)
{
	const struct ct_table *tbl = thr->tbl;

	if (ct_likely(!errors_are_out(thr)))
		return false;
	/* What went out had an outside source; what came in, by now, has an
	 * inside destination. */
	return ct_nat_prefixed(tbl, answer->l3, CT_NAT_DST, &answer->dst) ||
	       ct_nat_prefixed(tbl, answer->l3, CT_NAT_SRC, &answer->src);
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
