/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The numbers of TCP; see tcp_window.h.
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
 */
#include "proto/tcp_window.h"

/* Rooij's slack for late acknowledgements: a 64 K window and a large segment,
 * unless windows are scaled beyond it. */
#define ACK_SLACK 66000u

/* A segment's numbers, completed where it says nothing. */
struct view {
	uint32_t seq;
	uint32_t end;
	uint32_t ack;
	uint32_t sack;
};

/* --- The first segment of an end ---------------------------------------- */

static uint32_t at_least_one(uint32_t win)
{
	/* 0 says "never heard". */
	return win ? win : 1;
}

/* A SYN without any options says nothing of them, as in Linux. */
static void take_options(struct ct_tcp *tcp, enum ct_dir dir,
			 const struct ct_tcp_seg *seg)
{
	if (seg->bare)
		return;
	tcp->flags[dir] &= CT_TCP_F_BE_LIBERAL;
	tcp->flags[dir] |= seg->offers;
	tcp->scale[dir] = seg->scale;
}

/* RFC 7323, 2.2: scaling needs an offer from both ends. */
static void agree_on_scaling(struct ct_tcp *tcp)
{
	if (tcp->flags[CT_DIR_ORIG] & tcp->flags[CT_DIR_REPLY] &
	    CT_TCP_F_WINDOW_SCALE)
		return;
	tcp->scale[CT_DIR_ORIG] = 0;
	tcp->scale[CT_DIR_REPLY] = 0;
}

static void begin_with_syn(struct ct_tcp *tcp, enum ct_dir dir,
			   const struct ct_tcp_seg *seg)
{
	struct ct_tcp_end *snd = &tcp->ends[dir];

	snd->end = seg->end;
	snd->max_end = seg->end;
	snd->max_win = at_least_one(seg->win);
	take_options(tcp, dir, seg);
	if (dir == CT_DIR_REPLY)
		agree_on_scaling(tcp);
}

static void begin_in_the_middle(struct ct_tcp *tcp, enum ct_dir dir,
				const struct ct_tcp_seg *seg)
{
	struct ct_tcp_end *snd = &tcp->ends[dir];

	snd->end = seg->end;
	snd->max_win = at_least_one((uint32_t)seg->win << tcp->scale[dir]);
	snd->max_end = seg->end + snd->max_win;
}

void ct_tcp_window_open(struct ct_tcp *tcp, const struct ct_tcp_seg *seg)
{
	begin_with_syn(tcp, CT_DIR_ORIG, seg);
}

void ct_tcp_window_pick_up(struct ct_tcp *tcp, const struct ct_tcp_seg *seg)
{
	const uint8_t flags = CT_TCP_F_SACK_PERM | CT_TCP_F_BE_LIBERAL;

	begin_in_the_middle(tcp, CT_DIR_ORIG, seg);
	/* The shifts are unknown, so no window can be computed, ever. */
	tcp->flags[CT_DIR_ORIG] = flags;
	tcp->flags[CT_DIR_REPLY] = flags;
}

void ct_tcp_window_reopen(struct ct_tcp *tcp)
{
	struct ct_tcp_end *snd = &tcp->ends[CT_DIR_ORIG];

	snd->end = tcp->last_end;
	snd->max_end = tcp->last_end;
	snd->max_win = at_least_one(tcp->last_win);
	tcp->scale[CT_DIR_ORIG] = tcp->kept_scale;
	tcp->flags[CT_DIR_ORIG] =
		tcp->kept_flags & (CT_TCP_KEPT_SCALE | CT_TCP_KEPT_SACK);
	tcp->ends[CT_DIR_REPLY] = (struct ct_tcp_end){ 0 };
	tcp->scale[CT_DIR_REPLY] = 0;
	/* What was picked up in mid-stream stays so, as in Linux. */
	tcp->flags[CT_DIR_REPLY] &= CT_TCP_F_BE_LIBERAL;
}

/* => A SYN of an end that we had not heard of, or that begins again. */
static bool begins(const struct ct_tcp *tcp, enum ct_dir dir,
		   const struct ct_tcp_seg *seg)
{
	const struct ct_tcp_end *snd = &tcp->ends[dir];

	if (!(seg->bits & CT_TCP_SYN))
		return false;
	if (!snd->max_win)
		return true;
	/* RFC 9293, 3.4.2: whoever starts over uses larger numbers. */
	return (tcp->state == CT_TCP_SYN_SENT ||
		tcp->state == CT_TCP_SYN_RECV) &&
	       ct_seq_after(seg->end, snd->end);
}

/* Where is the sender?  => This segment said it, and has nothing to compare. */
static bool learn(struct ct_tcp *tcp, enum ct_dir dir,
		  const struct ct_tcp_seg *seg)
{
	struct ct_tcp_end *rcv = &tcp->ends[!dir];

	if (begins(tcp, dir, seg)) {
		begin_with_syn(tcp, dir, seg);
		return dir == CT_DIR_REPLY && !(seg->bits & CT_TCP_ACK);
	}
	if (!tcp->ends[dir].max_win) {
		begin_in_the_middle(tcp, dir, seg);
		/* The answer to a keep-alive with an octet of rubbish. */
		if (seg->sack == rcv->end + 1)
			rcv->end++;
	}
	return false;
}

/* --- The bounds --------------------------------------------------------- */

static struct view complete(const struct ct_tcp *tcp, enum ct_dir dir,
			    const struct ct_tcp_seg *seg)
{
	const struct ct_tcp_end *snd = &tcp->ends[dir];
	const struct ct_tcp_end *rcv = &tcp->ends[!dir];
	bool sacks = tcp->flags[!dir] & CT_TCP_F_SACK_PERM;
	bool reset = seg->bits & CT_TCP_RST;
	struct view v = { seg->seq, seg->end, seg->ack,
			  sacks ? seg->sack : seg->ack };

	/* Some ends set ACK in a RST and mean nothing by it. */
	if (!(seg->bits & CT_TCP_ACK) || (reset && seg->ack == 0))
		v.ack = v.sack = rcv->end;
	/* RFC 9293, 3.10.7.1: a SYN to a closed port is reset with <SEQ=0>. */
	if (reset && seg->seq == 0 && tcp->state == CT_TCP_SYN_SENT)
		v.seq = v.end = snd->end;
	return v;
}

/* I */
static bool begins_inside(const struct ct_tcp_end *snd, const struct view *v)
{
	return !ct_seq_after(v->seq, snd->max_end);
}

/* II */
static bool ends_recently(const struct ct_tcp_end *snd,
			  const struct ct_tcp_end *rcv, const struct view *v)
{
	return !ct_seq_before(v->end, snd->end - rcv->max_win);
}

/* III */
static bool was_sent(const struct ct_tcp_end *rcv, uint32_t ack)
{
	return !ct_seq_after(ack, rcv->end);
}

/* IV */
static bool acks_recent(const struct ct_tcp_end *snd,
			const struct ct_tcp_end *rcv, const struct view *v)
{
	uint32_t slack = snd->max_win > ACK_SLACK ? snd->max_win : ACK_SLACK;

	return !ct_seq_before(v->sack, rcv->end - slack);
}

/* Too much by less than a window, and nothing else is wrong with it. */
static bool overshoots(const struct ct_tcp_end *snd,
		       const struct ct_tcp_end *rcv, const struct view *v)
{
	return rcv->max_win && v->end - snd->max_end < rcv->max_win &&
	       ends_recently(snd, rcv, v) && acks_recent(snd, rcv, v) &&
	       was_sent(rcv, v->sack);
}

static enum ct_tcp_bound compare(const struct ct_tcp_end *snd,
				 const struct ct_tcp_end *rcv,
				 const struct view *v)
{
	if (!begins_inside(snd, v))
		return overshoots(snd, rcv, v) ? CT_TCP_I_OVERSHOT
					       : CT_TCP_I_ABOVE;
	if (!was_sent(rcv, v->sack))
		return was_sent(rcv, v->ack) ? CT_TCP_III_SACK : CT_TCP_III_ACK;
	if (rcv->max_win && !ends_recently(snd, rcv, v))
		return CT_TCP_II_BELOW;
	if (!acks_recent(snd, rcv, v))
		return CT_TCP_IV_OLD;
	return CT_TCP_FITS;
}

/* --- What a segment that fits tells ------------------------------------- */

static void note_end(struct ct_tcp *tcp, enum ct_dir dir, uint32_t end)
{
	tcp->ends[dir].end = end;
	tcp->flags[dir] |= CT_TCP_F_UNACKED;
}

static void note_ack(struct ct_tcp *tcp, enum ct_dir dir, uint32_t ack)
{
	struct ct_tcp_end *snd = &tcp->ends[dir];

	if ((tcp->flags[dir] & CT_TCP_F_MAXACK_SET) &&
	    !ct_seq_after(ack, snd->max_ack))
		return;
	snd->max_ack = ack;
	tcp->flags[dir] |= CT_TCP_F_MAXACK_SET;
}

/* The window that the segment offers limits the receiver. */
static void offer(struct ct_tcp_end *rcv, const struct view *v, uint32_t win)
{
	uint32_t edge = v->sack + win;

	if (ct_seq_before(edge, rcv->max_end))
		return;
	/* RFC 9293, 3.8.6.1: one octet may always probe a closed window. */
	rcv->max_end = win ? edge : edge + 1;
}

static void update(struct ct_tcp *tcp, enum ct_dir dir,
		   const struct ct_tcp_seg *seg, const struct view *v)
{
	struct ct_tcp_end *snd = &tcp->ends[dir];
	struct ct_tcp_end *rcv = &tcp->ends[!dir];
	uint32_t win = seg->win;

	if (!(seg->bits & CT_TCP_SYN)) /* whose window is never scaled */
		win <<= tcp->scale[dir];
	if (snd->max_win < win + (v->sack - v->ack))
		snd->max_win = win + (v->sack - v->ack);
	if (ct_seq_after(v->end, snd->end))
		note_end(tcp, dir, v->end);
	if (seg->bits & CT_TCP_ACK)
		note_ack(tcp, dir, v->ack);
	/* The receiver allowed more than we knew of. */
	if (rcv->max_win && ct_seq_after(v->end, snd->max_end))
		rcv->max_win += v->end - snd->max_end;
	offer(rcv, v, win);
	if (v->ack == rcv->end)
		tcp->flags[!dir] &= (uint8_t)~CT_TCP_F_UNACKED;
}

/* The same segment again and again: the other end does not answer. */
static void count_retransmission(struct ct_tcp *tcp, enum ct_dir dir,
				 const struct ct_tcp_seg *seg,
				 const struct view *v)
{
	if (tcp->last_dir == dir && tcp->last_seq == v->seq &&
	    tcp->last_ack == v->ack && tcp->last_end == v->end &&
	    tcp->last_win == seg->win) {
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

enum ct_tcp_bound ct_tcp_window_judge(struct ct_tcp *tcp, enum ct_dir dir,
				      const struct ct_tcp_seg *seg)
{
	enum ct_tcp_bound bound;
	struct view v;

	if (learn(tcp, dir, seg))
		return CT_TCP_FITS;
	v = complete(tcp, dir, seg);
	bound = compare(&tcp->ends[dir], &tcp->ends[!dir], &v);
	if (bound == CT_TCP_I_OVERSHOT)
		note_end(tcp, dir, v.end);
	if (bound != CT_TCP_FITS)
		return bound;
	update(tcp, dir, seg, &v);
	if (seg->event == CT_TCP_EV_ACK)
		count_retransmission(tcp, dir, seg, &v);
	return CT_TCP_FITS;
}

const char *ct_tcp_bound_text(enum ct_tcp_bound bound)
{
	static const char *const texts[] = {
		[CT_TCP_FITS] = "fits into the window",
		[CT_TCP_I_ABOVE] = "begins beyond the receiver's window (I)",
		[CT_TCP_III_ACK] = "acknowledges what was never sent (III)",
		[CT_TCP_III_SACK] =
			"a SACK block is beyond what was sent (III)",
		[CT_TCP_I_OVERSHOT] = "overshoots by less than a window (I)",
		[CT_TCP_II_BELOW] = "ends more than a window ago (II)",
		[CT_TCP_IV_OLD] = "the acknowledgement is far too old (IV)",
	};

	return texts[bound];
}
