/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ask.c - the host's policy is asked; see ask.h
 */
#include "overflow/ask.h"

#include "core/table.h"

enum { MS_PER_TICK = 1000 / CT_TICKS_PER_S };

static uint16_t clip(uint32_t share)
{
	return share < UINT16_MAX ? (uint16_t)share : UINT16_MAX;
}

/* => The part of the table that a zone with limits has, of 65535; else 0. */
static uint16_t zone_share(const struct ct_table *tbl, uint16_t zone)
{
	uint64_t n = ct_limits_zone_has(tbl, zone);

	return clip((uint32_t)(n * UINT16_MAX / ct_max_conns(tbl)));
}

static struct ct_worth worth_of(const struct ct_table *tbl,
				const struct ct_known *known)
{
	return (struct ct_worth){
		.size = sizeof(struct ct_worth),
		.idle_ms = known->idle * MS_PER_TICK,
		.soft_s = ct_worth_soft(tbl, known->class_, known->life) /
			  CT_TICKS_PER_S,
		.hard_s = known->life / CT_TICKS_PER_S,
		.source = clip(known->source),
		.zone = zone_share(tbl, known->t->zone),
		.class_ = known->class_,
		.score = known->worth,
	};
}

bool ct_ask_scores(const struct ct_table *tbl)
{
	return tbl->overflow && tbl->overflow->score;
}

bool ct_ask_values(const struct ct_table *tbl)
{
	return tbl->overflow && tbl->overflow->value;
}

uint8_t ct_ask_score(struct ct_thread *thr, const struct ct_conn *conn,
		     const struct ct_known *known)
{
	const struct ct_overflow_ops *ops = thr->tbl->overflow;
	struct ct_worth worth = worth_of(thr->tbl, known);

	worth.state = ct_worth_state(thr->tbl, conn);
	worth.nat = known->worth & CT_WORTH_NAT;
	if (ct_worth_is_proven(known->worth))
		worth.activity = ct_worth_activity(known->worth);
	return ops->score(ops->user, thr, conn, &worth);
}

uint8_t ct_ask_value(struct ct_thread *thr, const struct ct_newcomer *new,
		     const struct ct_known *known)
{
	const struct ct_overflow_ops *ops = thr->tbl->overflow;
	struct ct_worth worth = worth_of(thr->tbl, known);

	worth.state = CT_SCORE_UNREPLIED;
	return ops->value(ops->user, thr, new->pkt, new->t, &worth);
}
