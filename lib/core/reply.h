/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reply.h - the reply tuple of a translated connection
 *
 * Both tuples of an IPv4 connection have a place of their own, whatever they
 * are.  Of wide ones the connection has room for a reply that is the
 * original's mirror; another one takes a unit of its own, the far tuple, which
 * is freed with the connection.  So does a reply of another network layer than
 * the original's: such a connection is wide in one direction and narrow in the
 * other, and both keys find it.
 *
 * Only while the connection is private can its reply tuple change.
 */
#ifndef CORE_REPLY_H
#define CORE_REPLY_H

#include "core/conn.h"

/* => Its link, or both of its links; NULL: it has no room for any. */
struct ct_link *ct_conn_links(const struct ct_table *tbl,
			      const struct ct_conn *conn, unsigned *n);

/* The place of its first link, whatever that says; NULL: as above. */
static inline struct ct_link *ct_conn_first_link(const struct ct_conn *conn)
{
	uint32_t status = ct_conn_word(conn);
	const uint8_t *at;

	if (status & CT_S_FAR)
		at = (const uint8_t *)ct_conn_far(conn)->link;
	else if (!(status & CT_S_WIDE))
		at = conn->keys + sizeof(conn->narrow);
	else
		return NULL;
	/* The object is ours to write, whoever holds it as constant. */
	return (struct ct_link *)(uintptr_t)at;
}

/* The place of the next link that it gets; there is room for it. */
struct ct_link *ct_conn_spare_link(const struct ct_table *tbl,
				   const struct ct_conn *conn);

/* For the audit: how many mappings it uses that are in their chains. */
unsigned ct_conn_uses(const struct ct_table *tbl, const struct ct_conn *conn);

/*
 * See that a private connection has room for links: a wide one's reply tuple
 * moves.
 *
 * => False when there is no memory; nothing has changed.
 */
bool ct_conn_links_make(struct ct_thread *thr, struct ct_conn *conn);

/* => False when there is no memory for a far one; nothing has changed. */
bool ct_conn_reply_set(struct ct_thread *thr, struct ct_conn *conn,
		       const struct ct_tuple *reply);

/* The source that a connection's packets leave with: the inverse of its reply
 * tuple. */
void ct_conn_outside(const struct ct_table *tbl, const struct ct_conn *conn,
		     struct ct_tuple *outside);

/* The source that a range gave to a private connection is a pool's from now on:
 * the range's mapping and link are given back.  A pool's link, if it has one
 * already, stands before the range's: who is met comes first. */
void ct_conn_leave_range(struct ct_thread *thr, struct ct_conn *conn);

/* It is about to be freed: give back its mapping and its far tuple. */
void ct_conn_untranslate(struct ct_thread *thr, struct ct_conn *conn);

#endif /* CORE_REPLY_H */
