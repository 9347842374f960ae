/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP (RFC 768) as a transport tracker, and what UDP-Lite shares with it.
 *
 * UDP has no states, so time has to say what a flow is: one that is answered
 * and goes on for longer than a question and its answer take is a stream.
 *
 *	         answer              more than 2 s old
 *	unreplied ----> replied ------------------------> stream, assured
 *	timeout         timeout                           timeout.stream
 */
#ifndef CT_PROTO_UDP_H
#define CT_PROTO_UDP_H

#include <conntrack/plugin.h>

/* Indices of a tracker's params; the same for both protocols. */
enum ct_udp_param { CT_UDP_TIMEOUT, CT_UDP_TIMEOUT_STREAM, CT_UDP_PARAMS };

/* A connection's state. */
struct ct_udp {
	uint64_t stream_ns; /* after this time it may be a stream */
};
CT_STATIC_ASSERT(sizeof(struct ct_udp) <= CT_L4_STATE_MAX,
		 "it lies in the connection");

/* Any datagram may open a connection.  As in ct_l4_ops. */
enum ct_track ct_udp_open(struct ct_thread *thr, struct ct_conn *conn,
			  struct ct_pkt *pkt);

/*
 * A datagram of a connection: refresh it, and make it a stream if it is one.
 *
 * => ops is the tracker's own, for its parameters.
 */
enum ct_track ct_udp_advance(struct ct_thread *thr, const struct ct_l4_ops *ops,
			     struct ct_conn *conn);

/*
 * packet(), for a datagram of an answered flow.
 *
 * => False when there is more to it: it becomes a stream.
 * => The connection is confirmed, answered and locked; word is its status.
 * => seconds: its timeout from now on.
 */
bool ct_udp_predict(const struct ct_thread *thr, const struct ct_conn *conn,
		    uint32_t word, uint32_t *seconds);
/* => Seconds that a flow may be silent; a stream is assured. */
uint32_t ct_udp_lifetime(const struct ct_thread *thr,
			 const struct ct_l4_ops *ops,
			 const struct ct_conn *conn);

/* Ports and checksum; see ct_l4_ops.rewrite. */
bool ct_udp_rewrite(struct ct_pkt *pkt, const struct ct_rewrite *how);

extern const struct ct_l4_ops ct_udp_ops;

#endif
