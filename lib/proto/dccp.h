/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DCCP (RFC 4340) as a transport tracker: what a connection remembers, and what
 * a packet says.
 *
 *	dccp_hdr    what the bytes say        a parser
 *	dccp_fsm    what may follow what      a grid; docs/dccp.md has the same
 *	dccp_seq    which numbers may be      sequence and acknowledgement numbers
 *
 * dccp.c asks them in this order, and does what they say.  A connection's
 * struct ct_dccp is only touched under its lock; but for its state, which
 * state_name() and evict_score() read without.
 *
 * Linux has dropped its tracker, so in its profile these packets are the
 * generic tracker's: parameter dccp.track; see trackers.c.
 */
#ifndef CT_PROTO_DCCP_H
#define CT_PROTO_DCCP_H

#include <conntrack/plugin.h>
#include <stdatomic.h>

/* States.  They say what *we* saw, not what the ends are in. */
enum ct_dccp_state {
	CT_DCCP_NONE,
	CT_DCCP_REQUEST,
	CT_DCCP_RESPOND,
	CT_DCCP_PARTOPEN,
	CT_DCCP_OPEN,
	CT_DCCP_CLOSEREQ,
	CT_DCCP_CLOSING,
	CT_DCCP_TIMEWAIT,
	CT_DCCP_LISTEN, /* the server spoke first (RFC 5596) */
	CT_DCCP_STATES
};

/* Packet types, as on the wire (RFC 4340 5.1, RFC 5596 2.2.1). */
enum ct_dccp_type {
	CT_DCCP_T_REQUEST,
	CT_DCCP_T_RESPONSE,
	CT_DCCP_T_DATA,
	CT_DCCP_T_ACK,
	CT_DCCP_T_DATAACK,
	CT_DCCP_T_CLOSEREQ,
	CT_DCCP_T_CLOSE,
	CT_DCCP_T_RESET,
	CT_DCCP_T_SYNC,
	CT_DCCP_T_SYNCACK,
	CT_DCCP_T_LISTEN,
	CT_DCCP_TYPES /* what follows is reserved */
};

/* Who sends.  The client is who requests; who listens is the server. */
enum ct_dccp_role { CT_DCCP_CLIENT, CT_DCCP_SERVER, CT_DCCP_ROLES };

/* Indices of the parameters. */
enum ct_dccp_param {
	CT_DCCP_P_REQUEST,
	CT_DCCP_P_RESPOND,
	CT_DCCP_P_PARTOPEN,
	CT_DCCP_P_OPEN,
	CT_DCCP_P_CLOSEREQ,
	CT_DCCP_P_CLOSING,
	CT_DCCP_P_TIMEWAIT,
	CT_DCCP_P_LISTEN,
	CT_DCCP_P_LOOSE,
	CT_DCCP_P_WINDOW,
	CT_DCCP_P_TRACK, /* sealed */
	CT_DCCP_PARAMS
};

/* The numbers of one end: 48 bits, which wrap. */
struct ct_dccp_end {
	uint64_t first;    /* its first one */
	uint64_t greatest; /* the greatest so far */
};

/* A connection's state. */
struct ct_dccp {
	struct ct_dccp_end ends[CT_DIR_MAX];
	_Atomic uint8_t state; /* enum ct_dccp_state */
	uint8_t server;        /* enum ct_dir: what the server sends */
	uint8_t known;         /* bit d: ends[d] means something */
	bool picked_up;        /* roles are a guess, numbers not checked */
};
CT_STATIC_ASSERT(sizeof(struct ct_dccp) <= CT_L4_STATE_MAX,
		 "it lies in the connection");

extern const struct ct_l4_ops ct_dccp_ops;

#endif
