/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * syn.h - a SYN proxy: handshakes that we answer in the server's place
 * (RFC 4987 3.6, 3.7)
 *
 *	client			we			server
 *	SYN isn ------------->	(nothing is kept)
 *	  <-- SYN/ACK cookie, window 0
 *	ACK cookie+1 -------->	becomes the SYN isn -------->	NEW: rules, NAT
 *	  <-- ACK, window <---	becomes an ACK <------- SYN/ACK server
 *				ACK server+1 -------------->
 *	data <== numbers shifted by cookie - server, time stamps, windows ==>
 *
 * Nothing is kept before the client has shown that it is where it says.  From
 * then on there is a connection like any other, whose struct ct_proxied says
 * what its two ends were told differently.  While it waits for the server,
 * whatever the client sends becomes the SYN once more: the window of 0 keeps it
 * from sending data, so that it asks for a window instead.
 *
 * A connection begins to wait when it is opened, and stops when the server's
 * SYN/ACK is confirmed; both under its lock.
 */
#ifndef SYN_H
#define SYN_H

#include "overflow/cookie.h"
#include "process.h"
#include "proto/tcp.h"
#include "wire/build.h"
#include "wire/tcpopt.h"

/* => Something may have to be done about newcomers of this protocol. */
static inline bool ct_syn_concerns(const struct ct_thread *thr,
				   const struct ct_pkt *pkt,
				   const struct ct_l4_ops *ops)
{
	return ops == &ct_tcp_ops &&
	       (thr->tbl->half.on || ct_core_param(thr->tbl, CT_P_SYN_PROXY) ||
		(pkt->policy && (pkt->policy->flags & CT_POLICY_SYN_PROXY)));
}

/*
 * A segment that no connection has, before one is opened for it.
 *
 * => True: go on; where proxied has flags it acknowledges a cookie of ours, and
 *    is to become the SYN as soon as there is a place for its connection.
 * => False: it is answered; verdict is set.
 */
bool ct_syn_meet(struct ct_thread *thr, struct ct_pkt *pkt,
		 const struct ct_way *way, struct ct_proxied *proxied,
		 enum ct_verdict *verdict);

/* It becomes the SYN; => false: there is no room behind it for that. */
bool ct_syn_turn(struct ct_thread *thr, struct ct_pkt *pkt,
		 const struct ct_proxied *proxied);

/* The connection that was opened for it keeps this; => false: no memory. */
bool ct_syn_keep(struct ct_thread *thr, struct ct_conn *conn,
		 const struct ct_proxied *proxied);

/* => A connection may wait for its server. */
static inline bool ct_syn_may_wait(const struct ct_thread *thr,
				   const struct ct_conn *conn)
{
	return atomic_load_explicit(&thr->tbl->cookie_at,
				    memory_order_relaxed) &&
	       ct_conn_has_ext(conn);
}

/*
 * A packet of such a connection, before its tracker sees it.
 *
 * => CT_TRACK_OK: go on; CT_TRACK_RESTART: it is another one's, look up again;
 *    CT_TRACK_INVALID: it is answered, and verdict set.
 */
enum ct_track ct_syn_again(struct ct_thread *thr, struct ct_pkt *pkt,
			   const struct ct_way *way, enum ct_verdict *verdict);

/*
 * A packet of a proxied connection is about to leave, before its numbers are
 * shifted.
 *
 * => False when it cannot be changed as it must.
 */
bool ct_syn_leave(struct ct_thread *thr, struct ct_pkt *pkt,
		  struct ct_helped *help);

/* The server has not answered for a while: send it the SYN again. */
void ct_syn_repeat(struct ct_thread *thr, struct ct_conn *conn);

/* The client's SYN, out of what is known of it; without its ends. */
struct ct_segment ct_syn_of(const struct ct_proxied *proxied);

/* The options of a SYN, or of its answer, from a segment's. */
void ct_syn_options(const struct ct_segment *seg, struct ct_tcpopt *opt);

#endif /* SYN_H */
