/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * Events: what happened to connections, one call per packet.
 */
#ifndef CONNTRACK_EVENT_H
#define CONNTRACK_EVENT_H

#include <conntrack/reason.h>
#include <conntrack/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ct_expect; /* see expect.h */

/** What can happen; a call brings a set of them. */
enum ct_event {
	CT_EV_NEW = 1u << 0,        /**< confirmed */
	CT_EV_RELATED = 1u << 1,    /**< with NEW: and it was expected */
	CT_EV_DESTROY = 1u << 2,    /**< ended; always alone, always last */
	CT_EV_REPLY = 1u << 3,      /**< first packet the other way */
	CT_EV_ASSURED = 1u << 4,    /**< no longer to be evicted early */
	CT_EV_PROTO = 1u << 5,      /**< the tracker's state changed */
	CT_EV_HELPER = 1u << 6,     /**< a helper was attached */
	CT_EV_MARK = 1u << 7,       /**< the mark changed */
	CT_EV_LABEL = 1u << 8,      /**< the labels changed */
	CT_EV_ALL = (1u << 9) - 1,  /**< all of a connection's */
	CT_EV_EXPECT_NEW = 1u << 9, /**< an expectation has begun */
	CT_EV_EXPECT_DESTROY = 1u << 10, /**< it was met, or has ended */
	CT_EV_EXPECT = 3u << 9           /**< all of an expectation's */
};

/** One delivery.  The library's; it ends with the call. */
struct ct_event_info {
	size_t size;           /**< sizeof(struct ct_event_info) */
	struct ct_thread *thr; /**< the delivering thread's handle */
	struct ct_conn *conn;  /**< borrowed for the length of the call; of an
				    expectation's event: its master */
	uint64_t now_ns;       /**< time of the host's clock */
	uint32_t events;       /**< set of enum ct_event */
	uint32_t reason;       /**< DESTROY: one of the END_* reasons */
	struct ct_expect *exp; /**< of an expectation's event, which is always
				    alone; borrowed for the length of the
				    call */
};

/**
 * Told of events.
 *
 * It may call every reader of a connection, ct_conn_get(), ct_conn_put(), the
 * formatters of dump.h and the setters of mark, labels and cookie; no other
 * verb.
 *
 * @param user  from ct_subscribe()
 * @param ev    what happened
 * @context     the thread whose packet, poll or call made it happen; no lock
 *              is held.  Events of one connection come one after the other,
 *              in order, DESTROY last.
 */
typedef void (*ct_event_fn)(void *user, const struct ct_event_info *ev);

/**
 * Subscribe to events.
 *
 * @param tbl     the table
 * @param events  set of enum ct_event that are wanted; CT_EV_ALL |
 *                CT_EV_EXPECT for everything
 * @param fn      what to call
 * @param user    its first argument
 * @param sub     set to the subscription
 * @context       any thread
 * @return        0, CT_E_NOMEM, CT_E_INVAL
 */
CT_API int ct_subscribe(struct ct_table *tbl, uint32_t events, ct_event_fn fn,
			void *user, struct ct_sub **sub);

/**
 * End a subscription.  Other threads may still be in its callback until each
 * has polled, gone offline or detached; ct_table_destroy() frees it.
 *
 * @param tbl  the table
 * @param sub  what ct_subscribe() gave, or NULL
 * @context    any thread, not inside a callback
 */
CT_API void ct_unsubscribe(struct ct_table *tbl, struct ct_sub *sub);

#ifdef __cplusplus
}
#endif

#endif /* CONNTRACK_EVENT_H */
