/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the grid cannot say: named exceptions, each with its source.
 *
 * Three lists: the first is asked when the grid has spoken and the numbers have
 * not been looked at; the second when the segment is believed, the third when
 * its numbers made it INVALID.  In each, the first rule that answers wins.
 * Rules are pure: they look at a step and answer; tcp.c does it.  docs/tcp.md
 * names the same rules, and tests/flow/tcp_rules_flow.c has a story for each.
 */
#ifndef CT_PROTO_TCP_GUARD_H
#define CT_PROTO_TCP_GUARD_H

#include "proto/tcp_fsm.h"

/* What is to be done with a segment. */
enum ct_tcp_action {
	CT_TCP_DO_CHECK,   /* compare its numbers, then go to the next state */
	CT_TCP_DO_BELIEVE, /* go to the next state, whatever its numbers */
	CT_TCP_DO_RESYNC,  /* start over from the SYN let pass, then as CHECK */
	CT_TCP_DO_PASS,    /* let it pass unbelieved */
	CT_TCP_DO_REFUSE,  /* INVALID */
	CT_TCP_DO_RESTART, /* this connection is over; look up again */
	CT_TCP_DO_END,     /* believe it and destroy the connection */
	CT_TCP_DO_STAY,    /* believe it, but do not renew the timeout */
	CT_TCP_DO_REMEMBER, /* INVALID, but remember that it came */
	CT_TCP_DO_SHORTEN   /* INVALID, but the connection has less time */
};

/* One segment about to be decided. */
struct ct_tcp_step {
	const struct ct_tcp *tcp;     /* before the segment */
	const struct ct_tcp_seg *seg; /* the segment */
	uint32_t status;              /* enum ct_status */
	uint32_t spare_low_rst;       /* tcp.ignore_invalid_rst */
	uint8_t dir;                  /* enum ct_dir */
	uint8_t cell;                 /* what the grid says */
};

/* The answer. */
struct ct_tcp_answer {
	uint8_t action;   /* enum ct_tcp_action */
	uint8_t next;     /* the state to go to, if it is believed */
	uint16_t reason;  /* of REFUSE */
	const char *rule; /* who answered; "grid" when no rule did */
};

/* A line of a list. */
struct ct_tcp_rule {
	const char *name;
	uint32_t events; /* set of 1u << enum ct_tcp_event */
	uint32_t states; /* set of 1u << enum ct_tcp_state */
	/* => Whether it answers; action and next hold the default before. */
	bool (*answers)(const struct ct_tcp_step *step,
			struct ct_tcp_answer *answer);
	const char *source;
};

/*
 * Whether no rule speaks about this kind of segment in this state, which holds
 * for nearly all segments: the grid alone says what to do.
 */
static inline bool ct_tcp_guard_silent(enum ct_tcp_event event,
				       enum ct_tcp_state state)
{
	const uint32_t spoken_of =
		1u << CT_TCP_LAST_ACK | 1u << CT_TCP_SYN_RECV;

	if (event == CT_TCP_EV_SYN)
		return state == CT_TCP_NONE;
	return event == CT_TCP_EV_ACK && !(spoken_of & 1u << state);
}

/* Before the numbers: what to do with it? */
struct ct_tcp_answer ct_tcp_guard_before(const struct ct_tcp_step *step);

/* When it is believed: CHECK means nothing special. */
struct ct_tcp_answer ct_tcp_guard_after(const struct ct_tcp_step *step);

/* When its numbers made it INVALID: REFUSE means nothing special. */
struct ct_tcp_answer ct_tcp_guard_refused(const struct ct_tcp_step *step);

/* For people: what an answer means, a constant. */
const char *ct_tcp_answer_text(const struct ct_tcp_answer *answer);

/* The n-th rule of all lists together, or NULL; for tests and listings. */
const struct ct_tcp_rule *ct_tcp_guard_rule(unsigned n);

#endif
