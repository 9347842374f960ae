/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pick.h - a range to the one tuple that a connection gets
 */
#ifndef NAT_PICK_H
#define NAT_PICK_H

#include "core/conn.h"
#include "nat/range.h"

/* With so few tries left the finished are asked to yield. */
enum { CT_PICK_TRIES_HARD = 32 };

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

/*
 * Who is answered at the tuple that would answer this one.
 *
 * => NULL: nobody.  An equal connection of the same flow does not count: the
 *    packets clash in ct_confirm(), and may join there.
 */
struct ct_conn *ct_pick_holder(const struct ct_pick *pick,
			       const struct ct_tuple *leave);

static inline bool ct_pick_is_taken(const struct ct_pick *pick,
				    const struct ct_tuple *leave)
{
	return ct_pick_holder(pick, leave) != NULL;
}

/* End a finished connection for this one's sake; => it has ended. */
bool ct_pick_make_room(const struct ct_pick *pick, struct ct_conn *old);

#endif /* NAT_PICK_H */
