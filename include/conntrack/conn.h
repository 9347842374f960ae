/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * A connection: owning it, reading it, setting what belongs to the host.
 *
 * A connection from ct_process(), ct_find() or a callback is borrowed: it lives
 * until the next poll of the thread that got it.  ct_conn_get() makes it owned.
 */
#ifndef CONNTRACK_CONN_H
#define CONNTRACK_CONN_H

#include <conntrack/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Own a borrowed connection.  Its memory stays until ct_conn_put(), even if it
 * ends meanwhile; it may go to another thread.
 *
 * @param conn  a borrowed or owned connection
 * @context     any thread that may use conn
 * @return      conn.  Never fails; past 65534 owners at once the memory stays
 *              until the table ends.
 */
CT_API struct ct_conn *ct_conn_get(struct ct_conn *conn);

/**
 * Give up what ct_conn_get() gave.
 *
 * @param tbl   the connection's table
 * @param conn  an owned connection, or NULL
 * @context     any thread, attached or not
 */
CT_API void ct_conn_put(struct ct_table *tbl, struct ct_conn *conn);

/**
 * One of a connection's two tuples.
 *
 * @param conn   a borrowed or owned connection
 * @param dir    which
 * @param tuple  where to
 * @context      any thread that may use conn
 */
CT_API void ct_conn_tuple(const struct ct_conn *conn, enum ct_dir dir,
			  struct ct_tuple *tuple);

/**
 * The zone that was chosen for it, for both directions or for one: the original
 * tuple's, or if that is 0 the reply's.
 *
 * @param conn  a borrowed or owned connection
 * @context     any thread that may use conn
 * @return      the zone
 */
CT_API uint16_t ct_conn_zone(const struct ct_conn *conn);

/**
 * Its status.
 *
 * @param conn  a borrowed or owned connection
 * @context     any thread that may use conn
 * @return      a set of enum ct_status
 */
CT_API uint32_t ct_conn_status(const struct ct_conn *conn);

/**
 * A number that no other connection of this table has had for a long time.
 *
 * @param tbl   its table
 * @param conn  a borrowed or owned connection
 * @context     any thread that may use conn
 * @return      the id, never 0
 */
CT_API uint64_t ct_conn_id(const struct ct_table *tbl,
			   const struct ct_conn *conn);

/**
 * How long it would live if no packet came.
 *
 * @param thr   the calling thread's handle, for the time
 * @param conn  a borrowed or owned connection
 * @context     any thread that may use conn
 * @return      whole seconds; 0 when expired or dying
 */
CT_API uint32_t ct_conn_expires(const struct ct_thread *thr,
				const struct ct_conn *conn);

/**
 * The name of the state that its tracker is in, as conntrack(8) prints it.
 *
 * @param tbl   its table
 * @param conn  a borrowed or owned connection
 * @context     any thread that may use conn
 * @return      a constant ("ESTABLISHED"), or NULL if its tracker has no
 *              named states
 */
CT_API const char *ct_conn_state_name(const struct ct_table *tbl,
				      const struct ct_conn *conn);

/**
 * Its mark (connmark).
 *
 * @param conn  a borrowed or owned connection
 * @context     any thread that may use conn
 * @return      the mark
 */
CT_API uint32_t ct_conn_mark(const struct ct_conn *conn);

/**
 * Set its mark; a change is a MARK event, delivered by the next ct_confirm().
 *
 * @param thr   the calling thread's handle
 * @param conn  a borrowed or owned connection
 * @param mark  the mark
 * @context     an online thread that may use conn
 */
CT_API void ct_conn_mark_set(struct ct_thread *thr, struct ct_conn *conn,
			     uint32_t mark);

/**
 * Its 128-bit labels.
 *
 * @param tbl     its table
 * @param conn    a borrowed or owned connection
 * @param labels  where to; all zero when it has none
 * @context       any thread that may use conn
 */
CT_API void ct_conn_labels(const struct ct_table *tbl,
			   const struct ct_conn *conn, uint8_t labels[16]);

/**
 * Set its labels; a change is a LABEL event.
 *
 * @param thr     the calling thread's handle
 * @param conn    a borrowed or owned connection
 * @param labels  the new labels
 * @context       an online thread that may use conn
 * @return        0 or CT_E_NOMEM
 */
CT_API int ct_conn_labels_set(struct ct_thread *thr, struct ct_conn *conn,
			      const uint8_t labels[16]);

/**
 * The host's own 64 bits about a connection.
 *
 * @param tbl   its table
 * @param conn  a borrowed or owned connection
 * @context     any thread that may use conn
 * @return      the cookie, 0 when never set
 */
CT_API uint64_t ct_conn_cookie(const struct ct_table *tbl,
			       const struct ct_conn *conn);

/**
 * Set the host's own 64 bits.
 *
 * @param thr     the calling thread's handle
 * @param conn    a borrowed or owned connection
 * @param cookie  the host's
 * @context       an online thread that may use conn
 * @return        0 or CT_E_NOMEM
 */
CT_API int ct_conn_cookie_set(struct ct_thread *thr, struct ct_conn *conn,
			      uint64_t cookie);

/** Packets and bytes in one direction; bytes are of L3 and up. */
struct ct_counter {
	uint64_t packets; /**< tracked packets */
	uint64_t bytes;   /**< their bytes */
};

/**
 * Its counters, if parameter acct was on when the table was sealed.
 *
 * @param tbl       its table
 * @param conn      a borrowed or owned connection
 * @param dir       which direction
 * @param counter   where to
 * @context         any thread that may use conn
 * @return          0, or CT_E_NOENT when accounting is off
 */
CT_API int ct_conn_counter(const struct ct_table *tbl,
			   const struct ct_conn *conn, enum ct_dir dir,
			   struct ct_counter *counter);

/**
 * When it was confirmed and when it ended, if parameter timestamp was on.
 *
 * @param tbl    its table
 * @param conn   a borrowed or owned connection
 * @param start  ns of the host's clock
 * @param stop   ns of the host's clock; 0 while it lives
 * @context      any thread that may use conn
 * @return       0, or CT_E_NOENT when time stamps are off
 */
CT_API int ct_conn_times(const struct ct_table *tbl, const struct ct_conn *conn,
			 uint64_t *start, uint64_t *stop);

/**
 * End a connection, with the reason END_DELETED.
 *
 * @param thr   the calling thread's handle
 * @param conn  a borrowed or owned connection, confirmed
 * @context     an online thread that may use conn
 * @return      0, or CT_E_NOENT when it had ended before
 */
CT_API int ct_conn_delete(struct ct_thread *thr, struct ct_conn *conn);

#ifdef __cplusplus
}
#endif

#endif /* CONNTRACK_CONN_H */
