/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reserve.h - ids of a pool that are announced before anybody uses them
 *
 * A helper announces where an inside endpoint can be reached.  Where the
 * master's address is a pool's, that is a mapping of the pool's for this
 * endpoint, made ahead, and kept as long as an expectation waits:
 *
 *	announced --> ct_reserve()	its own mapping, or a new one; kept
 *	met	  --> ct_reserve_meet()	the connection uses it
 *	over	  --> ct_reserve_end()	not kept any more: it ends with its
 *					last connection, or now
 *
 * Where ids are overloaded some are set aside for that (pool.h): who announces
 * does not know from which port the peer comes, or even who it is, so no id that
 * another has with some peer would do.
 */
#ifndef NAT_RESERVE_H
#define NAT_RESERVE_H

#include "core/expect.h"
#include "nat/binding.h"

/* What is announced together. */
enum ct_row {
	CT_ROW_ONE, /* an id */
	CT_ROW_TWO, /* an id and the next */
	CT_ROW_PAIR /* an even id and the next */
};

static inline unsigned ct_row_len(enum ct_row row)
{
	return row == CT_ROW_ONE ? 1 : 2;
}

/*
 * Reserve what expectations through NAT announce, as many as the row is long.
 *
 * => 0: tuple.dst_id of each is its mapping's, which is kept; as in ref.
 * => CT_E_NOENT: no pool's business.  CT_E_FULL, counted, also by a quota;
 *    CT_E_NOMEM: nothing is kept.
 */
int ct_reserve(struct ct_thread *thr, const struct ct_conn *master,
	       struct ct_expect_def *def, enum ct_row row,
	       struct ct_binding_ref *ref);

/* An expectation keeps it no longer. */
void ct_reserve_end(struct ct_thread *thr, uint32_t unit, uint64_t key);

/*
 * A new connection has met what keeps a mapping: it uses that.
 *
 * => False when a quota forbids it, or there is no memory; told.
 */
bool ct_reserve_meet(struct ct_thread *thr, struct ct_pkt *pkt,
		     const struct ct_expect *exp);

/*
 * It was translated: if its source is what was announced of another expectation
 * of this master, it uses that one's mapping, too, in the place of the range's
 * that gave it the source.
 *
 * => CT_R_NONE; or why it must not go on: a quota, or no memory.
 */
enum ct_reason ct_reserve_source(struct ct_thread *thr, struct ct_conn *conn,
				 const struct ct_conn *master);

#endif /* NAT_RESERVE_H */
