/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe.c - who is to be asked whether it is still there; see probe.h
 */
#include "overflow/probe.h"

#include "core/emit.h"
#include "core/table.h"
#include "wire/hdr.h"

struct ct_probes *ct_probes_of(struct ct_table *tbl)
{
	struct ct_probes *probes =
		atomic_load_explicit(&tbl->probes, memory_order_acquire);
	struct ct_probes *made;

	if (ct_likely(probes != NULL))
		return probes;
	made = ct_mem_alloc(&tbl->mem, sizeof(*made), CT_LINE);
	if (!made)
		return NULL;
	/* release; pairs with the acquires of whoever asks for it */
	if (atomic_compare_exchange_strong_explicit(&tbl->probes, &probes, made,
						    memory_order_acq_rel,
						    memory_order_acquire))
		return made;
	ct_mem_free(&tbl->mem, made, sizeof(*made));
	return probes;
}

void ct_probes_free(struct ct_table *tbl)
{
	struct ct_probes *probes =
		atomic_load_explicit(&tbl->probes, memory_order_relaxed);

	if (probes)
		ct_mem_free(&tbl->mem, probes, sizeof(*probes));
}

bool ct_probe_allowed(struct ct_thread *thr, struct ct_probes *probes)
{
	uint32_t second = (uint32_t)(thr->now_ns / 1000000000u);

	if (second != probes->second) {
		probes->second = second;
		probes->left = ct_core_param(thr->tbl, CT_P_PROBE_RATE);
	}
	if (!probes->left)
		return false;
	probes->left--;
	return true;
}

/* --- Who ------------------------------------------------------------------ */

static uint8_t protocol_of(const struct ct_conn *conn, uint32_t status)
{
	return status & CT_S_WIDE ? conn->wide.orig.l4
				  : conn->narrow[CT_DIR_ORIG].l4;
}

static bool is_established(const struct ct_conn *conn, uint32_t status)
{
	return (status & CT_S_ASSURED) &&
	       protocol_of(conn, status) == CT_IPPROTO_TCP;
}

static bool is_asked(const struct ct_table *tbl, const struct ct_conn *conn)
{
	const struct ct_class *class_ =
		ct_class_at(&tbl->limits, ct_conn_class(conn));
	uint32_t status = ct_conn_word(conn);
	const struct ct_l4_ops *ops;

	if (!is_established(conn, status) || (status & CT_S_FIXED_TIMEOUT))
		return false;
	if (!ct_core_param(tbl, CT_P_PROBE) &&
	    !ct_class_has(class_, CT_CLASS_PROBE))
		return false;
	ops = ct_registry_l4(tbl, CT_IPPROTO_TCP);
	return ops->evict_score &&
	       ops->evict_score(conn) >= CT_SCORE_ESTABLISHED;
}

/* --- Notes ---------------------------------------------------------------- */

static struct ct_probe probe_of(const struct ct_thread *thr,
				const struct ct_conn *conn, uint8_t to)
{
	return (struct ct_probe){
		.unit = ct_conn_unit(thr->tbl, conn),
		.gen = atomic_load_explicit(&conn->gen, memory_order_relaxed),
		.at = thr->now,
		.to = to,
	};
}

/* Take note of it, if it is not noted and there is a place. */
static void note(struct ct_probes *probes, const struct ct_probe *new)
	CT_REQUIRES(probes->lock)
{
	uint32_t unit = new->unit;
	uint32_t set = (unit * 2654435761u >> 16) % (CT_PROBES / CT_PROBE_WAYS);
	struct ct_probe *way = &probes->probes[set * CT_PROBE_WAYS];
	struct ct_probe *place = NULL;

	for (unsigned i = 0; i < CT_PROBE_WAYS; i++) {
		if (way[i].unit == unit && way[i].gen == new->gen)
			return;
		if (!way[i].unit || way[i].unit == unit)
			place = &way[i];
	}
	if (!place)
		return;
	probes->used += !place->unit;
	*place = *new;
}

bool ct_probe_want(struct ct_thread *thr, const struct ct_conn *conn)
{
	struct ct_table *tbl = thr->tbl;
	struct ct_probes *probes;
	struct ct_probe new;

	if (ct_likely(!ct_emits(tbl)) || !is_asked(tbl, conn))
		return false;
	probes = ct_probes_of(tbl);
	if (!probes)
		return false;
	new = probe_of(thr, conn, CT_DIR_ORIG);
	ct_spin_lock(&probes->lock);
	note(probes, &new);
	ct_spin_unlock(&probes->lock);
	return true;
}

void ct_probe_syn(struct ct_thread *thr, const struct ct_conn *conn)
{
	struct ct_probes *probes = ct_probes_of(thr->tbl);
	const struct ct_probe new = probe_of(thr, conn, CT_PROBE_SYN);

	/* Not worth waiting for. */
	if (!probes || !ct_spin_trylock(&probes->lock))
		return;
	note(probes, &new);
	ct_spin_unlock(&probes->lock);
}

/* => Its ends can be told in a way that they believe. */
static bool is_told(const struct ct_conn *conn, uint32_t status)
{
	uint8_t l4 = protocol_of(conn, status);

	return (status & CT_S_ASSURED) &&
	       (status & (CT_S_SRC_NAT | CT_S_DST_NAT)) &&
	       (l4 == CT_IPPROTO_TCP || l4 == CT_IPPROTO_UDP ||
		l4 == CT_IPPROTO_UDPLITE);
}

void ct_probe_evicted(struct ct_thread *thr, const struct ct_conn *conn)
{
	uint32_t status = ct_conn_word(conn);

	if (ct_likely(!ct_core_param(thr->tbl, CT_P_RESET)) ||
	    thr->n_resets == CT_RESETS || !is_told(conn, status))
		return;
	thr->resets[thr->n_resets++] = ct_conn_unit(thr->tbl, conn);
}
