/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * half.c - how many TCP connections are half-open; see half.h
 */
#include "core/half.h"

#include "core/share.h"
#include "core/table.h"
#include "core/worth.h"
#include "wire/hdr.h"

void ct_half_enter(struct ct_table *tbl, const struct ct_conn *conn)
{
	struct ct_half *half = &tbl->half;
	struct ct_tuple t;

	atomic_fetch_add_explicit(&half->n, 1, memory_order_relaxed);
	if (!half->sources.slots)
		return;
	ct_conn_tuple(conn, CT_DIR_ORIG, &t);
	ct_tally_up(&half->sources, ct_share_key(tbl, &t));
}

void ct_half_leave(struct ct_table *tbl, const struct ct_conn *conn)
{
	struct ct_half *half = &tbl->half;
	struct ct_tuple t;

	atomic_fetch_sub_explicit(&half->n, 1, memory_order_relaxed);
	if (!half->sources.slots)
		return;
	ct_conn_tuple(conn, CT_DIR_ORIG, &t);
	ct_tally_down(&half->sources, ct_share_key(tbl, &t));
}

void ct_half_end(struct ct_table *tbl, const struct ct_conn *conn)
{
	bool wide = ct_conn_word(conn) & CT_S_WIDE;
	uint8_t score;

	if (ct_likely(!tbl->half.on) ||
	    (wide ? conn->wide.orig.l4 : conn->narrow[CT_DIR_ORIG].l4) !=
		    CT_IPPROTO_TCP)
		return;
	score = ct_worth_state(tbl, conn);
	if (score > CT_SCORE_CLOSING && score < CT_SCORE_ESTABLISHED)
		ct_half_leave(tbl, conn);
}

enum ct_reason ct_half_met(const struct ct_table *tbl, const struct ct_tuple *t)
{
	const struct ct_half *half = &tbl->half;
	uint32_t max = ct_core_param(tbl, CT_P_HALF_MAX);
	uint32_t source_max = ct_core_param(tbl, CT_P_HALF_SOURCE);

	if (ct_likely(!half->on))
		return CT_R_NONE;
	if (source_max && half->sources.slots &&
	    ct_tally_has(&half->sources, ct_share_key(tbl, t)) >= source_max)
		return CT_R_SOURCE_HALF_OPEN;
	if (max && atomic_load_explicit(&half->n, memory_order_relaxed) >= max)
		return CT_R_HALF_OPEN_FULL;
	return CT_R_NONE;
}

int ct_half_seal(struct ct_table *tbl)
{
	struct ct_half *half = &tbl->half;

	if (ct_core_param(tbl, CT_P_HALF_SOURCE)) {
		int error = ct_tally_make(tbl, &half->sources);

		if (error)
			return error;
	}
	half->on = half->sources.slots || ct_core_param(tbl, CT_P_HALF_MAX);
	return 0;
}

void ct_half_fini(struct ct_table *tbl)
{
	ct_tally_free(tbl, &tbl->half.sources);
}
