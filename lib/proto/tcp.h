/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP (RFC 9293) as a transport tracker: what a connection remembers, and what
 * a segment says.
 *
 * Each kind of knowledge lies in its own file, with its own proof:
 *
 *	tcp_seg     what the bytes say        a parser
 *	tcp_fsm     what may follow what      a grid; docs/tcp.md has the same
 *	tcp_guard   what the grid cannot say  a list of named rules
 *	tcp_window  which numbers may be      van Rooij's four bounds
 *
 * tcp.c asks them in this order, and does what they say.  A connection's struct
 * ct_tcp is only touched under its lock; but for its state, which state_name()
 * and evict_score() read without.
 */
#ifndef CT_PROTO_TCP_H
#define CT_PROTO_TCP_H

#include <conntrack/plugin.h>
#include <stdatomic.h>

/*
 * States.  They say what *we* saw, not what the ends are in: a segment which
 * we passed may never arrive.  The numbers are those that ctnetlink prints.
 */
enum ct_tcp_state {
	CT_TCP_NONE,
	CT_TCP_SYN_SENT,
	CT_TCP_SYN_RECV,
	CT_TCP_ESTABLISHED,
	CT_TCP_FIN_WAIT,
	CT_TCP_CLOSE_WAIT,
	CT_TCP_LAST_ACK,
	CT_TCP_TIME_WAIT,
	CT_TCP_CLOSE,
	CT_TCP_SYN_SENT2, /* both ends sent a SYN (RFC 9293, 3.5) */
	CT_TCP_STATES
};

/* What a segment is to the grid; a RST wins over a SYN, a SYN over a FIN. */
enum ct_tcp_event {
	CT_TCP_EV_SYN,
	CT_TCP_EV_SYNACK,
	CT_TCP_EV_FIN,
	CT_TCP_EV_ACK,
	CT_TCP_EV_RST,
	CT_TCP_EVENTS,
	CT_TCP_EV_NONE = CT_TCP_EVENTS /* nothing was seen yet */
};

/* Flags of the header that mean something to us, as on the wire. */
enum ct_tcp_bit {
	CT_TCP_FIN = 0x01,
	CT_TCP_SYN = 0x02,
	CT_TCP_RST = 0x04,
	CT_TCP_ACK = 0x10,
	CT_TCP_URG = 0x20
};

/* What is known of one end.  The numbers are those that ctnetlink prints. */
enum ct_tcp_flag {
	CT_TCP_F_WINDOW_SCALE = 0x01, /* its SYN offered scaling */
	CT_TCP_F_SACK_PERM = 0x02,    /* its SYN permitted SACK */
	CT_TCP_F_CLOSE_INIT = 0x04,   /* it was the first to send a FIN */
	CT_TCP_F_BE_LIBERAL = 0x08,   /* its numbers are not checked */
	CT_TCP_F_UNACKED = 0x10,      /* it sent data that is unanswered */
	CT_TCP_F_MAXACK_SET = 0x20    /* its max_ack means something */
};

/* What is remembered of a SYN that was let pass; see tcp_guard.c. */
enum ct_tcp_kept {
	CT_TCP_KEPT_SCALE = CT_TCP_F_WINDOW_SCALE,
	CT_TCP_KEPT_SACK = CT_TCP_F_SACK_PERM,
	CT_TCP_KEPT_CHALLENGE = 0x40, /* an ACK may answer it */
	CT_TCP_KEPT_CROSSING = 0x80   /* the ends opened simultaneously */
};

/* The numbers of one end, all in host order and wrapping. */
struct ct_tcp_end {
	uint32_t end;     /* behind the last octet it sent */
	uint32_t max_end; /* how far the other end lets it send */
	uint32_t max_win; /* largest window it offered; 0: never heard */
	uint32_t max_ack; /* highest acknowledgement it sent */
};

/*
 * A connection's state.
 *
 *	0           16          32        44   46     48     50            56
 *	+-----------+-----------+---------+----+------+------+-------------+
 *	| originator| responder | last_*  |win | scale| flags| small ones  |
 *	|  4 x 32   |  4 x 32   | 3 x 32  | 16 | 2x8  | 2x8  |   6 x 8     |
 *	+-----------+-----------+---------+----+------+------+-------------+
 *
 * "last" is the last segment that was believed, or the one that was let pass
 * since; of it we keep what is needed to know it, or its answer, again.
 */
struct ct_tcp {
	struct ct_tcp_end ends[CT_DIR_MAX];
	uint32_t last_seq;
	uint32_t last_ack;
	uint32_t last_end;
	uint16_t last_win; /* unscaled, as in the header */
	uint8_t scale
		[CT_DIR_MAX]; /* shift of the windows that this end sends */
	uint8_t flags[CT_DIR_MAX]; /* enum ct_tcp_flag */
	_Atomic uint8_t state;     /* enum ct_tcp_state */
	uint8_t last_event;        /* enum ct_tcp_event */
	uint8_t last_dir;          /* enum ct_dir */
	uint8_t retrans;           /* the last segment came again so often */
	uint8_t kept_scale;        /* of the SYN that was let pass */
	uint8_t kept_flags;        /* enum ct_tcp_kept */
};
CT_STATIC_ASSERT(sizeof(struct ct_tcp) <= CT_L4_STATE_MAX,
		 "it lies in the connection");

/* A segment, read once. */
struct ct_tcp_seg {
	uint32_t seq;
	uint32_t ack;
	uint32_t end;   /* behind its data; SYN and FIN count as one each */
	uint32_t sack;  /* highest edge it acknowledges, at least ack */
	uint16_t win;   /* unscaled */
	uint8_t bits;   /* enum ct_tcp_bit and those without meaning to us */
	uint8_t event;  /* enum ct_tcp_event */
	uint8_t offers; /* options of a SYN: CT_TCP_F_WINDOW_SCALE, _SACK_PERM */
	uint8_t scale;  /* shift of the window scale option, at most 14 */
	uint8_t options; /* bytes of its header that may hold some */
	bool unread;     /* they have not been looked at */
};

CT_STATIC_ASSERT(sizeof(struct ct_tcp_seg) <=
			 sizeof(((struct ct_pkt *)0)->scratch),
		 "it waits in the packet");

extern const struct ct_l4_ops ct_tcp_ops;

/* An end shifts its windows by so much, although the other end does not. */
void ct_tcp_scales(struct ct_conn *conn, enum ct_dir dir, uint8_t shift);

#endif
