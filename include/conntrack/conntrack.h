/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * libconntrack: connection tracking for packets in user space.  Start here.
 *
 * A packet meets the library in this order:
 *
 *	ct_process() ........ the host's rules, routing ........ ct_confirm()
 *	what is it?           or ct_abandon(): it was dropped     make it known
 *
 * A connection is private to the packet which opened it until ct_confirm();
 * only then can other packets find it.  A packet that the host drops in
 * between leaves no trace.
 *
 * A packet is in packet.h, many at once in burst.h, the steps explained in
 * trace.h.  To look at a table include dump.h, for events event.h, for NAT64
 * nat64.h, and for trackers of your own plugin.h.
 */
#ifndef CONNTRACK_CONNTRACK_H
#define CONNTRACK_CONNTRACK_H

#include <conntrack/burst.h>
#include <conntrack/config.h>
#include <conntrack/conn.h>
#include <conntrack/frag.h>
#include <conntrack/nat.h>
#include <conntrack/nat_pool.h>
#include <conntrack/packet.h>
#include <conntrack/policy.h>
#include <conntrack/reason.h>
#include <conntrack/trace.h>
#include <conntrack/types.h>
#include <conntrack/version.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- Tables and threads ------------------------------------------------- */

/**
 * Make a table.
 *
 * Trackers, extensions and memory-shaping parameters may be added or set until
 * the first thread attaches, which seals the table.  All randomness is taken
 * here.
 *
 * @param cfg  what shapes it, or NULL for all defaults; copied
 * @param tbl  set to the new table
 * @context    any thread
 * @return     0; CT_E_INVAL for what makes no sense, a host that brings only
 *             one of alloc and free included; CT_E_NOMEM; CT_E_NOENT when
 *             neither host nor system has randomness; CT_E_VERSION.  The
 *             caller owns the table and ends it with ct_table_destroy().
 */
CT_API int ct_table_create(const struct ct_config *cfg, struct ct_table **tbl);

/**
 * End a table and everything in it, without events.
 *
 * @param tbl  the table, or NULL
 * @context    any thread, once every thread has detached and every owned
 *             connection was put
 */
CT_API void ct_table_destroy(struct ct_table *tbl);

/**
 * Give the calling thread a handle on a table; the first one seals it.
 *
 * @param tbl  the table
 * @param thr  set to the handle, which is online
 * @context    any thread; a handle is used by one thread at a time
 * @return     0 or CT_E_NOMEM
 */
CT_API int ct_thread_attach(struct ct_table *tbl, struct ct_thread **thr);

/**
 * Give a handle back.  Ends all borrowed pointers it gave out.
 *
 * @param thr  the calling thread's handle, or NULL
 * @context    not inside any callback
 */
CT_API void ct_thread_detach(struct ct_thread *thr);

/**
 * Say what time it is, and that this thread borrows nothing any more.
 *
 * Call it once per burst.  It ends the life of every borrowed pointer that
 * this handle gave out, gives up private connections that are neither
 * confirmed nor held, and does a bounded share of expiry and reclamation; so
 * DESTROY events come from here.  A thread which stops calling it stops
 * reclamation for all; one which is going to sleep calls ct_thread_offline().
 *
 * @param thr     the calling thread's handle
 * @param now_ns  monotonic nanoseconds of the host's clock; one that goes
 *                back is taken as standing still
 * @context       an online thread; not inside any callback
 */
CT_API void ct_thread_poll(struct ct_thread *thr, uint64_t now_ns);

/**
 * Before sleep: this thread borrows nothing, and others need not wait for it.
 *
 * @param thr  the calling thread's handle
 * @context    an online thread; not inside any callback
 */
CT_API void ct_thread_offline(struct ct_thread *thr);

/**
 * After sleep: take part again.  Poll before the next packet.
 *
 * @param thr  the calling thread's handle
 * @context    an offline thread
 */
CT_API void ct_thread_online(struct ct_thread *thr);

/**
 * The table that a handle belongs to.
 *
 * @param thr  a handle
 * @context    any thread
 * @return     its table
 */
CT_API struct ct_table *ct_thread_table(const struct ct_thread *thr);

/**
 * The time that the handle was last told.
 *
 * @param thr  a handle
 * @context    the handle's thread
 * @return     nanoseconds of the host's clock
 */
CT_API uint64_t ct_thread_now(const struct ct_thread *thr);

/**
 * Do expiry and reclamation from a control thread, as a poll does.
 *
 * @param tbl     the table
 * @param now_ns  as in ct_thread_poll()
 * @param budget  connections to look at, at most; 0: all of them
 * @context       any thread, one at a time, not inside any callback
 * @return        0; CT_E_NOMEM when no handle could be made
 */
CT_API int ct_maintain(struct ct_table *tbl, uint64_t now_ns, uint32_t budget);

/**
 * When a sleeping host should poll or maintain again.
 *
 * Looks at every place that a connection may be in, under a lock: ask before
 * going to sleep, not for every packet.
 *
 * @param tbl  the table
 * @context    any thread; no packet and no poll waits for that lock, but
 *             memory is neither made ready nor given back meanwhile
 * @return     a time of the host's clock in ns, not later than the next
 *             expiry; UINT64_MAX when nothing will expire
 */
CT_API uint64_t ct_next_expiry(struct ct_table *tbl);

/* --- The verbs ---------------------------------------------------------- */

/**
 * Find or open the connection of a packet, and advance it.
 *
 * The packet is parsed, looked up in its zone, and shown to the tracker of its
 * protocol.  If nothing is found and the packet may open a connection, a new
 * one is made, private to this packet.  An ICMP error takes the connection of
 * the packet it quotes, as CT_RELATED, in the direction in which the error
 * itself travels.  A packet that was processed before keeps its answer.
 *
 * A malformed or out-of-state packet is accepted with the state CT_INVALID, no
 * connection and a reason: to drop it is policy, and policy is the host's.
 * CT_DROP means that tracking itself could not go on (TABLE_FULL, NO_MEMORY).
 * A fragment may be kept (frag.h): CT_STOLEN; that which completes a datagram
 * carries all of it on.
 *
 * @param thr   the calling thread's handle
 * @param pkt   the packet; its answer is written, its bytes are not
 * @param hook  where the packet is.  Tracking happens at PREROUTING and
 *              OUTPUT; the other hooks return what the first one found.
 * @context     an online thread; takes the lock of one connection, and for a
 *              fragment that of its queue; allocates only for a new connection
 *              or a fragment that is kept
 * @return      CT_ACCEPT, CT_DROP, or CT_STOLEN: the packet's bytes were
 *              copied, and the host is done with it.  pkt->conn is borrowed:
 *              it lives until this thread's next poll, or longer after
 *              ct_conn_get().
 */
CT_API enum ct_verdict ct_process(struct ct_thread *thr, struct ct_pkt *pkt,
				  enum ct_hook hook);

/**
 * The last verb of every packet: its helper, and make its new connection known.
 *
 * A connection's helper (helper.h), if it has one, sees the packet first; it
 * may alter, lengthen or refuse it, and TCP's sequence numbers follow.  Then
 * both directions of a private connection are published at once, and the events
 * of this packet delivered.  When another packet was first with the same tuple,
 * this one moves over to the winner if its protocol allows that; otherwise it
 * loses.  For a packet of a known connection nothing is published.
 *
 * @param thr  the calling thread's handle
 * @param pkt  a packet which went through ct_process() and is about to leave
 * @context    an online thread; takes two bucket locks, in order
 * @return     CT_ACCEPT, or CT_DROP when a clash could not be resolved, the
 *             connection was removed meanwhile, or its helper refused the
 *             packet, which has no connection any more then
 */
CT_API enum ct_verdict ct_confirm(struct ct_thread *thr, struct ct_pkt *pkt);

/**
 * Give up a packet that the host drops itself.
 *
 * Frees its private connection at once (poll would do it later) and takes the
 * connection out of the packet.
 *
 * @param thr  the calling thread's handle
 * @param pkt  a packet which went through ct_process()
 * @context    an online thread
 */
CT_API void ct_abandon(struct ct_thread *thr, struct ct_pkt *pkt);

#ifdef __cplusplus
}
#endif

#endif /* CONNTRACK_CONNTRACK_H */
