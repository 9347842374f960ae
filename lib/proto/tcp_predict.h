/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What nearly every segment is; see predict.h.
 */
#ifndef CT_PROTO_TCP_PREDICT_H
#define CT_PROTO_TCP_PREDICT_H

#include "proto/tcp_bounds.h"
#include "proto/tcp_seg.h"
#include "proto/tcp_time.h"

/* => How far a is ahead of b, or 0: without a branch. */
static inline uint32_t ct_tcp_ahead(uint32_t a, uint32_t b)
{
	int32_t ahead = (int32_t)(a - b);

	return (uint32_t)(ahead > 0 ? ahead : 0);
}

/*
 * packet(), for a plain segment (tcp_seg.h) of an established connection, that
 * says no more than where its sender is: both ends have been heard, it fits
 * between the bounds (tcp_bounds.h), offers a window, and is not the last one
 * again.  The grid says ESTABLISHED, no rule speaks of it, and nothing changes
 * but the numbers and the timeout, as in ct_tcp_update().
 *
 * => False, and nothing has changed, when there is more to it.
 * => The connection is confirmed, answered, assured and locked.
 * => seconds: its timeout from now on.
 */
static ct_always_inline bool ct_tcp_predict(const struct ct_thread *thr,
					    const struct ct_tcp_limits *limits,
					    struct ct_conn *conn,
					    const struct ct_pkt *pkt,
					    enum ct_dir dir, uint32_t *seconds)
{
	const uint8_t *bytes = pkt->data + pkt->l4_off;
	struct ct_tcp *tcp = (struct ct_tcp *)(void *)conn->l4_state;
	struct ct_tcp_end *snd = &tcp->ends[dir];
	struct ct_tcp_end *rcv = &tcp->ends[dir ^ 1];
	uint32_t seq, ack, end, field, win, differs, more;
	uint8_t flags, other;

	if (ct_unlikely(tcp->state != CT_TCP_ESTABLISHED || !snd->max_win ||
			!rcv->max_win ||
			!(tcp->flags[dir] & CT_TCP_F_MAXACK_SET)))
		return false;
	field = ct_load_u16(bytes + CT_TCP_WINDOW_OFF);
	if (ct_unlikely(!field))
		return false;
	seq = ct_load_u32(bytes + CT_TCP_SEQ_OFF);
	ack = ct_load_u32(bytes + CT_TCP_ACK_OFF);
	end = seq + pkt->l4_len - (uint32_t)(bytes[CT_TCP_OFFSET_OFF] >> 4) * 4;
	ct_whole(end);
	/* I for its first octet and its last, II, III, and the strictest IV. */
	if (ct_unlikely((int32_t)((snd->max_end - seq) | (snd->max_end - end) |
				  (end - snd->end + rcv->max_win) |
				  (rcv->end - ack) |
				  (ack - rcv->end + CT_TCP_ACK_SLACK)) < 0))
		return false;
	differs = ((uint32_t)tcp->last_dir ^ dir) | (tcp->last_seq ^ seq) |
		  (tcp->last_ack ^ ack) | (tcp->last_end ^ end) |
		  (tcp->last_win ^ field);
	if (ct_unlikely(!differs))
		return false;

	tcp->last_dir = (uint8_t)dir;
	tcp->last_seq = seq;
	tcp->last_ack = ack;
	tcp->last_end = end;
	tcp->last_win = (uint16_t)field;
	tcp->last_event = CT_TCP_EV_ACK;
	tcp->retrans = 0;
	win = field << tcp->scale[dir];
	if (ct_unlikely(snd->max_win < win))
		snd->max_win = win;
	rcv->max_end += ct_tcp_ahead(ack + win, rcv->max_end);
	/* Nobody can predict which segments have data, and which acknowledge
	 * what: no branches. */
	more = ct_tcp_ahead(end, snd->end);
	snd->end += more;
	snd->max_ack += ct_tcp_ahead(ack, snd->max_ack);
	flags = tcp->flags[dir] | (uint8_t)(!!more * CT_TCP_F_UNACKED);
	other = tcp->flags[dir ^ 1] &
		(uint8_t) ~((ack == rcv->end) * CT_TCP_F_UNACKED);
	tcp->flags[dir] = flags;
	tcp->flags[dir ^ 1] = other;

	if (ct_unlikely(conn->policy))
		*seconds = ct_tcp_lifetime_established(thr, conn);
	else
		*seconds = (flags | other) & CT_TCP_F_UNACKED ? limits->unacked
							      : limits->full;
	return true;
}

#endif
