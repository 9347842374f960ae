/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The numbers of TCP; see tcp_window.h, and tcp_bounds.h for the bounds.
 */
#include "proto/tcp_window.h"

#include "proto/tcp_bounds.h"

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
	if (!seg->options)
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

static struct ct_tcp_view complete(const struct ct_tcp *tcp, enum ct_dir dir,
				   const struct ct_tcp_seg *seg)
{
	const struct ct_tcp_end *snd = &tcp->ends[dir];
	const struct ct_tcp_end *rcv = &tcp->ends[!dir];
	bool sacks = tcp->flags[!dir] & CT_TCP_F_SACK_PERM;
	bool reset = seg->bits & CT_TCP_RST;
	struct ct_tcp_view v = { seg->seq, seg->end, seg->ack,
				 sacks ? seg->sack : seg->ack };

	/* Some ends set ACK in a RST and mean nothing by it. */
	if (!(seg->bits & CT_TCP_ACK) || (reset && seg->ack == 0))
		v.ack = v.sack = rcv->end;
	/* RFC 9293, 3.10.7.1: a SYN to a closed port is reset with <SEQ=0>. */
	if (reset && seg->seq == 0 && tcp->state == CT_TCP_SYN_SENT)
		v.seq = v.end = snd->end;
	return v;
}

enum ct_tcp_bound ct_tcp_window_judge(struct ct_tcp *tcp, enum ct_dir dir,
				      const struct ct_tcp_seg *seg)
{
	uint32_t win = seg->win;
	enum ct_tcp_bound bound;
	struct ct_tcp_view v;

	if (learn(tcp, dir, seg))
		return CT_TCP_FITS;
	v = complete(tcp, dir, seg);
	bound = ct_tcp_compare(&tcp->ends[dir], &tcp->ends[!dir], &v);
	if (bound == CT_TCP_I_OVERSHOT) {
		tcp->ends[dir].end = v.end;
		tcp->flags[dir] |= CT_TCP_F_UNACKED;
	}
	if (bound != CT_TCP_FITS)
		return bound;
	if (!(seg->bits & CT_TCP_SYN)) /* whose window is never scaled */
		win <<= tcp->scale[dir];
	ct_tcp_update(tcp, dir, &v, win, seg->bits & CT_TCP_ACK);
	if (seg->event == CT_TCP_EV_ACK)
		ct_tcp_count_again(tcp, dir, seg, &v);
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
