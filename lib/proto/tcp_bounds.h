/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bounds of a segment's numbers, and what one that fits tells.
 *
 *	what the sender has sent                what it may send
 *	                  end                   max_end
 *	------------------+---------------------+------------- sequence numbers
 *	    |<- max_win ->|
 *	II  ends not before this                I  begins not behind this
 *
 * and the acknowledgements that the sender gives, in the receiver's numbers:
 *
 *	------------------+---------------------+
 *	    |<-  slack  ->| receiver's end
 *	IV  not before    III  not behind this
 *
 * max_win is the receiver's: what it ever offered is at most what it may still
 * see again.
 *
 * Inline, for judging a segment (tcp_window.c) and for predicting it
 * (tcp_predict.h).
 */
#ifndef CT_PROTO_TCP_BOUNDS_H
#define CT_PROTO_TCP_BOUNDS_H

#include "base/compiler.h"
#include "proto/tcp_window.h"

/* Rooij's slack for late acknowledgements: a 64 K window and a large segment,
 * unless windows are scaled beyond it. */
#define CT_TCP_ACK_SLACK 66000u

/* A segment's numbers, completed where it says nothing. */
struct ct_tcp_view {
	uint32_t seq;
	uint32_t end;
	uint32_t ack;
	uint32_t sack;
};

/* I */
static inline bool ct_tcp_begins_inside(const struct ct_tcp_end *snd,
					const struct ct_tcp_view *v)
{
	return !ct_seq_after(v->seq, snd->max_end);
}

/* II */
static inline bool ct_tcp_ends_recently(const struct ct_tcp_end *snd,
					const struct ct_tcp_end *rcv,
					const struct ct_tcp_view *v)
{
	return !ct_seq_before(v->end, snd->end - rcv->max_win);
}

/* III */
static inline bool ct_tcp_was_sent(const struct ct_tcp_end *rcv, uint32_t ack)
{
	return !ct_seq_after(ack, rcv->end);
}

/* IV */
static inline bool ct_tcp_acks_recent(const struct ct_tcp_end *snd,
				      const struct ct_tcp_end *rcv,
				      const struct ct_tcp_view *v)
{
	uint32_t slack = snd->max_win > CT_TCP_ACK_SLACK ? snd->max_win
							 : CT_TCP_ACK_SLACK;

	return !ct_seq_before(v->sack, rcv->end - slack);
}

/* Too much by less than a window, and nothing else is wrong with it. */
static inline bool ct_tcp_overshoots(const struct ct_tcp_end *snd,
				     const struct ct_tcp_end *rcv,
				     const struct ct_tcp_view *v)
{
	return rcv->max_win && v->end - snd->max_end < rcv->max_win &&
	       ct_tcp_ends_recently(snd, rcv, v) &&
	       ct_tcp_acks_recent(snd, rcv, v) && ct_tcp_was_sent(rcv, v->sack);
}

static ct_always_inline enum ct_tcp_bound ct_tcp_compare(
	const struct ct_tcp_end *snd, const struct ct_tcp_end *rcv,
	const struct ct_tcp_view *v)
{
	if (!ct_tcp_begins_inside(snd, v))
		return ct_tcp_overshoots(snd, rcv, v) ? CT_TCP_I_OVERSHOT
						      : CT_TCP_I_ABOVE;
	if (!ct_tcp_was_sent(rcv, v->sack))
		return ct_tcp_was_sent(rcv, v->ack) ? CT_TCP_III_SACK
						    : CT_TCP_III_ACK;
	if (rcv->max_win && !ct_tcp_ends_recently(snd, rcv, v))
		return CT_TCP_II_BELOW;
	if (!ct_tcp_acks_recent(snd, rcv, v))
		return CT_TCP_IV_OLD;
	return CT_TCP_FITS;
}

/* --- What a segment that fits tells ------------------------------------- */

/* The window that the segment offers limits the receiver. */
static inline void ct_tcp_offer(struct ct_tcp_end *rcv,
				const struct ct_tcp_view *v, uint32_t win)
{
	uint32_t edge = v->sack + win;

	if (ct_seq_before(edge, rcv->max_end))
		return;
	/* RFC 9293, 3.8.6.1: one octet may always probe a closed window. */
	rcv->max_end = win ? edge : edge + 1;
}

/*
 * Nobody can predict which segments have data, and which acknowledge what: no
 * branches where there need not be any.
 */
static ct_always_inline void ct_tcp_update(struct ct_tcp *tcp, enum ct_dir dir,
					   const struct ct_tcp_view *v,
					   uint32_t win, bool acks)
{
	struct ct_tcp_end *snd = &tcp->ends[dir];
	struct ct_tcp_end *rcv = &tcp->ends[dir ^ 1];
	const bool grew = ct_seq_after(v->end, snd->end);
	const bool all = v->ack == rcv->end;
	uint8_t flags = tcp->flags[dir];

	if (snd->max_win < win + (v->sack - v->ack))
		snd->max_win = win + (v->sack - v->ack);
	snd->end = grew ? v->end : snd->end;
	flags |= grew ? CT_TCP_F_UNACKED : 0;
	if (acks) {
		const bool more = !(flags & CT_TCP_F_MAXACK_SET) |
				  ct_seq_after(v->ack, snd->max_ack);

		snd->max_ack = more ? v->ack : snd->max_ack;
		flags |= CT_TCP_F_MAXACK_SET;
	}
	tcp->flags[dir] = flags;
	/* The receiver allowed more than we knew of. */
	if (rcv->max_win && ct_seq_after(v->end, snd->max_end))
		rcv->max_win += v->end - snd->max_end;
	ct_tcp_offer(rcv, v, win);
	tcp->flags[dir ^ 1] &= (uint8_t) ~(all ? CT_TCP_F_UNACKED : 0);
}

/* The same segment again and again: the other end does not answer. */
static ct_always_inline void ct_tcp_count_again(struct ct_tcp *tcp,
						enum ct_dir dir,
						const struct ct_tcp_seg *seg,
						const struct ct_tcp_view *v)
{
	/* One question: nobody can predict the answer to the first part. */
	uint32_t differs = ((uint32_t)tcp->last_dir ^ dir) |
			   (tcp->last_seq ^ v->seq) | (tcp->last_ack ^ v->ack) |
			   (tcp->last_end ^ v->end) |
			   ((uint32_t)tcp->last_win ^ seg->win);

	if (ct_unlikely(!differs)) {
		if (tcp->retrans < UINT8_MAX)
			tcp->retrans++;
		return;
	}
	tcp->last_dir = (uint8_t)dir;
	tcp->last_seq = v->seq;
	tcp->last_ack = v->ack;
	tcp->last_end = v->end;
	tcp->last_win = seg->win;
	tcp->retrans = 0;
}

#endif
