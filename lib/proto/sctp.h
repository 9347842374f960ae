/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SCTP (RFC 9260) as a transport tracker: what an association remembers, and
 * what a packet says.
 *
 *	sctp_chunk  what the bytes say        a parser
 *	sctp_fsm    what may follow what      a grid; docs/sctp.md has the same
 *	sctp_tag    whose packet it is        rules for verification tags
 *	sctp_sum    is it as it was sent      CRC32c, and what a port changes
 *	sctp_paths  where else it may come    a helper that expects paths
 *
 * sctp.c asks them chunk by chunk, and does what they say.  A connection's
 * struct ct_sctp is only touched under its lock; but for its state, which
 * state_name() and evict_score() read without.
 */
#ifndef CT_PROTO_SCTP_H
#define CT_PROTO_SCTP_H

#include <conntrack/plugin.h>
#include <stdatomic.h>

/*
 * States.  They say what *we* saw, not what the ends are in.  The numbers are
 * those that ctnetlink prints.
 */
enum ct_sctp_state {
	CT_SCTP_NONE,
	CT_SCTP_CLOSED, /* an INIT that nobody has answered, or the end */
	CT_SCTP_COOKIE_WAIT,
	CT_SCTP_COOKIE_ECHOED,
	CT_SCTP_ESTABLISHED,
	CT_SCTP_SHUTDOWN_SENT, /* by the originator */
	CT_SCTP_SHUTDOWN_RECD, /* by the responder */
	CT_SCTP_SHUTDOWN_ACK_SENT,
	CT_SCTP_HEARTBEAT_SENT, /* picked up, not answered yet */
	CT_SCTP_STATES
};

/* What a chunk is to the grid. */
enum ct_sctp_event {
	CT_SCTP_EV_INIT,
	CT_SCTP_EV_INIT_ACK,
	CT_SCTP_EV_COOKIE_ECHO,
	CT_SCTP_EV_COOKIE_ACK,
	CT_SCTP_EV_DATA,
	CT_SCTP_EV_HEARTBEAT,
	CT_SCTP_EV_HEARTBEAT_ACK,
	CT_SCTP_EV_ERROR,
	CT_SCTP_EV_ABORT,
	CT_SCTP_EV_SHUTDOWN,
	CT_SCTP_EV_SHUTDOWN_ACK,
	CT_SCTP_EV_SHUTDOWN_COMPLETE,
	CT_SCTP_EV_OTHER, /* SACK, and what changes nothing either */
	CT_SCTP_EVENTS
};

/* Indices of the parameters. */
enum ct_sctp_param {
	CT_SCTP_T_CLOSED,
	CT_SCTP_T_COOKIE_WAIT,
	CT_SCTP_T_COOKIE_ECHOED,
	CT_SCTP_T_ESTABLISHED,
	CT_SCTP_T_SHUTDOWN_SENT,
	CT_SCTP_T_SHUTDOWN_RECD,
	CT_SCTP_T_SHUTDOWN_ACK_SENT,
	CT_SCTP_T_HEARTBEAT_SENT,
	CT_SCTP_MULTIHOMING,
	CT_SCTP_PARAMS
};

/*
 * A connection's state.
 *
 * tags[d] is what packets of direction d must carry, in host order; the other
 * end chose it.  0: it is not known.
 */
struct ct_sctp {
	uint32_t tags[CT_DIR_MAX];
	_Atomic uint8_t state; /* enum ct_sctp_state */
	uint8_t inits;         /* bit d: an INIT of direction d is unfinished */
	uint8_t probe;         /* a HEARTBEAT of a direction had a strange tag:
				  1 + enum ct_dir; else 0 */
};
CT_STATIC_ASSERT(sizeof(struct ct_sctp) <= CT_L4_STATE_MAX,
		 "it lies in the connection");

extern const struct ct_l4_ops ct_sctp_ops;

#endif
