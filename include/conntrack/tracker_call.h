/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * What a tracker may call from its functions.  See plugin.h.
 */
#ifndef CONNTRACK_TRACKER_CALL_H
#define CONNTRACK_TRACKER_CALL_H

#include <conntrack/cursor.h>
#include <conntrack/tracker.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The tracker's own bytes in a connection, CT_L4_STATE_MAX, 8-byte aligned.
 *
 * @param conn  the connection
 * @context     inside open() and packet(); elsewhere only to read
 * @return      the bytes
 */
CT_API void *ct_l4_state(struct ct_conn *conn);

/**
 * The same, to read.
 *
 * @param conn  the connection
 * @context     any thread that may use conn
 * @return      the bytes; they may change while being read
 */
CT_API const void *ct_l4_state_const(const struct ct_conn *conn);

/**
 * The value of a tracker's parameter, or what the connection's policy has
 * instead.
 *
 * @param thr   the calling thread's handle
 * @param ops   the tracker
 * @param conn  the connection, or NULL
 * @param n     index in ops->params
 * @context     inside a tracker
 * @return      the value
 */
CT_API uint32_t ct_l4_param(const struct ct_thread *thr,
			    const struct ct_l4_ops *ops,
			    const struct ct_conn *conn, unsigned n);

/**
 * Set when the connection ends if nothing more is seen.
 *
 * @param thr      the calling thread's handle
 * @param conn     the connection, locked
 * @param seconds  from now
 * @context        inside open() and packet()
 */
CT_API void ct_conn_refresh(struct ct_thread *thr, struct ct_conn *conn,
			    uint32_t seconds);

/**
 * Make it assured: not to be evicted early.  The first call is an event.
 *
 * @param thr   the calling thread's handle
 * @param conn  the connection, locked
 * @context     inside packet()
 */
CT_API void ct_conn_assure(struct ct_thread *thr, struct ct_conn *conn);

/**
 * Say that the tracker's state changed: an event.
 *
 * @param thr   the calling thread's handle
 * @param conn  the connection, locked
 * @context     inside packet()
 */
CT_API void ct_conn_changed(struct ct_thread *thr, struct ct_conn *conn);

/**
 * Whether the L4 checksum may be believed.
 *
 * True when parameter checksum is 0, when the host said so, when the sum is
 * right, and when the bytes are not all there to be summed.  A partial one is
 * taken as good.
 *
 * @param thr    the calling thread's handle
 * @param pkt    the packet, L3 parsed
 * @param cover  bytes of L4 that the sum covers, from the L4 header on
 * @context      inside check()
 * @return       false only for a sum that is known to be wrong
 */
CT_API bool ct_csum_good(const struct ct_thread *thr, const struct ct_pkt *pkt,
			 uint32_t cover);

/**
 * Put a change into the packet's transport checksum (RFC 1624).
 *
 * @param pkt     the packet, or one that an ICMP error quotes
 * @param off     where the checksum is, from the L4 header
 * @param pseudo  what the sum over the pseudo header changes by
 * @param bytes   what the sum over the L4 header and payload changes by; a
 *                partial checksum does not know of these
 * @context       inside rewrite()
 * @return        false, with nothing written, when it is not there
 */
CT_API bool ct_sum_patch(struct ct_pkt *pkt, uint32_t off, uint32_t pseudo,
			 uint32_t bytes);

/**
 * A cursor over what is contiguous of the packet's L4 header and payload.
 *
 * @param pkt  the packet, L3 parsed
 * @context    any thread
 * @return     a cursor from pkt->l4_off on, of at most pkt->l4_len bytes
 */
static inline struct ct_cursor ct_l4_cursor(const struct ct_pkt *pkt)
{
	uint32_t have = pkt->len > pkt->l4_off ? pkt->len - pkt->l4_off : 0;

	return ct_cursor_of(have ? pkt->data + pkt->l4_off : NULL,
			    have < pkt->l4_len ? have : pkt->l4_len);
}

/**
 * Whether someone wants steps explained; see ct_thread_trace().
 *
 * @param thr  the calling thread's handle
 * @context    any thread
 * @return     false most of the time: ask before any work for ct_trace()
 */
CT_API bool ct_tracing(const struct ct_thread *thr);

/**
 * Explain a step.
 *
 * @param thr   the calling thread's handle
 * @param step  a short constant name
 * @param fmt   one sentence, as for printf()
 * @context     inside a tracker
 */
CT_API void ct_trace(const struct ct_thread *thr, const char *step,
		     const char *fmt, ...)
#if defined(__GNUC__)
	__attribute__((format(printf, 3, 4)))
#endif
	;

#ifdef __cplusplus
}
#endif

#endif /* CONNTRACK_TRACKER_CALL_H */
