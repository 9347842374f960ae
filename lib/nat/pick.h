/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pick.h - a range to the one tuple that a connection gets
 */
#ifndef NAT_PICK_H
#define NAT_PICK_H

#include "core/conn.h"
#include "nat/range.h"

struct ct_pick {
	struct ct_thread *thr;
	const struct ct_conn *conn; /* private */
	const struct ct_l4_ops *ops;
	const struct ct_nat_range *range;
	enum ct_nat_end end;
	struct ct_tuple orig; /* as the first packet came */
	struct ct_tuple now;  /* as it leaves so far; zone: the reply's */
};

/*
 * Choose a tuple to leave with that nobody else is answered at.
 *
 * => 0; or CT_E_FULL, with one that is taken.
 * => May end a connection that yields its id.
 */
int ct_pick(const struct ct_pick *pick, struct ct_tuple *leave);

/* The key of the tuple that would answer this one; not its tuple.  False:
 * nothing can. */
bool ct_pick_reply_key(const struct ct_pick *pick, const struct ct_tuple *leave,
		       struct ct_key *key);

/* Whether somebody else is answered at the tuple that would answer this one. */
bool ct_pick_is_taken(const struct ct_pick *pick, const struct ct_tuple *leave);

/* The same, unless it is this one. */
bool ct_pick_is_others(const struct ct_pick *pick, const struct ct_tuple *leave,
		       const struct ct_conn *but);

/* As ct_pick_is_taken(); with few tries left a finished one is ended, if it
 * yields. */
bool ct_pick_is_kept(const struct ct_pick *pick, const struct ct_tuple *leave,
		     uint32_t tries_left);

/* End a finished connection for this one's sake; => it has ended. */
bool ct_pick_make_room(const struct ct_pick *pick, struct ct_conn *old);

#endif /* NAT_PICK_H */
