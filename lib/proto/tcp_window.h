/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which numbers a segment may have.
 *
 * A window tracker sees both ends from the middle: each limits the other.  The
 * four bounds are those of Guido van Rooij, "Real Stateful TCP Packet
 * Filtering in IP Filter" (2001); scaling is RFC 7323, SACK is RFC 2018.  What
 * differs from the paper follows what Linux was seen to do; docs/tcp.md says
 * where.
 *
 * All functions work on a struct ct_tcp alone: no connection, no clock.
 */
#ifndef CT_PROTO_TCP_WINDOW_H
#define CT_PROTO_TCP_WINDOW_H

#include "proto/tcp.h"

/* Which bound failed.  The first four deserve INVALID, the rest is let pass
 * unbelieved. */
enum ct_tcp_bound {
	CT_TCP_FITS,
	CT_TCP_I_ABOVE,    /* begins beyond the receiver's window */
	CT_TCP_III_ACK,    /* acknowledges what was never sent */
	CT_TCP_III_SACK,   /* the same by a SACK block */
	CT_TCP_I_OVERSHOT, /* begins beyond it, but by less than a window */
	CT_TCP_II_BELOW,   /* ends more than a window ago */
	CT_TCP_IV_OLD      /* acknowledges something far too old */
};

/* Sequence numbers wrap: a is older than b when it is less than half the
 * number space behind it (RFC 9293, 3.4). */
static inline bool ct_seq_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static inline bool ct_seq_after(uint32_t a, uint32_t b)
{
	return ct_seq_before(b, a);
}

/*
 * Begin with the originator's first segment: a SYN; or, for pick_up, one from
 * the middle of a connection whose past nobody knows.
 *
 * => The state was zero.
 */
void ct_tcp_window_open(struct ct_tcp *tcp, const struct ct_tcp_seg *seg);
void ct_tcp_window_pick_up(struct ct_tcp *tcp, const struct ct_tcp_seg *seg);

/*
 * Begin anew with the SYN of the originator that was let pass last; nothing is
 * known of the responder any more.
 */
void ct_tcp_window_reopen(struct ct_tcp *tcp);

/*
 * Compare a segment with what the ends allow each other; learn from it if it
 * fits.
 *
 * => The first segment of an end tells where that end is, and a larger SYN
 *    moves it there, whatever is found afterwards.
 * => An overshot segment moves the sender's end, even back, so that its
 *    acknowledgement will fit if the receiver took it.
 */
enum ct_tcp_bound ct_tcp_window_judge(struct ct_tcp *tcp, enum ct_dir dir,
				      const struct ct_tcp_seg *seg);

/* For people: a constant half sentence. */
const char *ct_tcp_bound_text(enum ct_tcp_bound bound);

#endif
