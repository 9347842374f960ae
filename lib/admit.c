/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * admit.c - whether one more connection may be
 *
 *	the table is known to be full -> limits of zone and source: a place of
 *	somebody of the same -> a free place, but for what is kept for others ->
 *	somebody else's place
 */
#include "admit.h"

#include "probe.h"

/* => The limit does not say no, with what is kept for others (limit.h). */
static bool has_place(struct ct_thread *thr, const struct ct_newcomer *new)
{
	struct ct_table *tbl = thr->tbl;
	uint32_t kept;

	if (ct_likely(!tbl->limits.on))
		return ct_count_take(thr);
	kept = ct_limits_kept(tbl, new->t, new->class_);
	return (uint64_t)ct_count_now(tbl) + kept < ct_max_conns(tbl) &&
	       ct_count_take(thr);
}

/* Victims have left; their resets go. */
static enum ct_reason enter(struct ct_thread *thr, enum ct_room room)
{
	ct_resets_send(thr);
	if (room == CT_ROOM_FREE)
		ct_count_take_over(thr);
	return CT_R_NONE;
}

enum ct_reason ct_admit(struct ct_thread *thr, struct ct_newcomer *new)
{
	static const enum ct_reason met[] = {
		[CT_LIMIT_ZONE] = CT_R_ZONE_FULL,
		[CT_LIMIT_SOURCE] = CT_R_SOURCE_FULL,
	};
	enum ct_limit limit;
	enum ct_room room;

	if (ct_unlikely(ct_refuses(thr, new->pkt)))
		return CT_R_TABLE_FULL;
	if (ct_unlikely(thr->tbl->limits.on)) {
		limit = ct_limits_met(thr, new->t);
		if (limit != CT_LIMIT_NONE && !ct_evict_within(thr, new, limit))
			return met[limit];
		if (limit != CT_LIMIT_NONE)
			return enter(thr, CT_ROOM_TAKEN);
	}
	if (ct_likely(has_place(thr, new)))
		return CT_R_NONE;
	room = ct_evict_for(thr, new);
	if (ct_likely(room != CT_ROOM_NONE))
		return enter(thr, room);
	ct_count_refused(thr);
	return CT_R_TABLE_FULL;
}
