/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The exceptions of TCP; see tcp_guard.h.
 *
 * Most exist since one segment means two things to somebody in the middle: it
 * belongs to the connection that we know, or to one that an end has begun
 * without us.  The *next* segment tells; so a doubtful one is let pass and a
 * few of its numbers are kept (struct ct_tcp, "last" and "kept").
 */
#include "proto/tcp_guard.h"

#define IN(state) (1u << CT_TCP_##state)

enum {
	EVERY = (1u << CT_TCP_STATES) - 1,
	UNANSWERED = IN(SYN_SENT) | IN(SYN_SENT2),
	FINISHED = IN(TIME_WAIT) | IN(CLOSE),
	CLOSING = IN(FIN_WAIT) | IN(CLOSE_WAIT) | IN(LAST_ACK) | FINISHED
};

static bool do_check(struct ct_tcp_answer *answer, unsigned next)
{
	answer->action = CT_TCP_DO_CHECK;
	answer->next = (uint8_t)next;
	return true;
}

static bool do_action(struct ct_tcp_answer *answer, enum ct_tcp_action action)
{
	answer->action = (uint8_t)action;
	return true;
}

static bool do_refuse(struct ct_tcp_answer *answer, enum ct_reason reason)
{
	answer->reason = (uint16_t)reason;
	return do_action(answer, CT_TCP_DO_REFUSE);
}

/* => The last segment was of this kind and came from the other end. */
static bool answers_last(const struct ct_tcp_step *step,
			 enum ct_tcp_event event)
{
	return step->tcp->last_event == event &&
	       step->tcp->last_dir != step->dir;
}

/* --- SYN, SYN/ACK, ACK -------------------------------------------------- */

/*
 * A SYN after the end is a new connection, if we saw the end: a FIN, or a RST
 * of the end that sends the SYN.  After a RST of the other end it is not sure
 * that the RST has arrived.
 */
static bool reopen_finished(const struct ct_tcp_step *step,
			    struct ct_tcp_answer *answer)
{
	const struct ct_tcp *tcp = step->tcp;

	if (step->cell != CT_TCP_SYN_SENT)
		return false;
	if (((tcp->flags[CT_DIR_ORIG] | tcp->flags[CT_DIR_REPLY]) &
	     CT_TCP_F_CLOSE_INIT) ||
	    (tcp->last_dir == step->dir && tcp->last_event == CT_TCP_EV_RST))
		return do_action(answer, CT_TCP_DO_RESTART);
	return do_action(answer, CT_TCP_DO_PASS);
}

/* We took the SYN for a stray, but its receiver did not: it was right. */
static bool answer_to_passed_syn(const struct ct_tcp_step *step,
				 struct ct_tcp_answer *answer)
{
	if (step->cell != CT_TCP_IGNORE || !answers_last(step, CT_TCP_EV_SYN) ||
	    step->seg->ack != step->tcp->last_end)
		return false;
	answer->next = CT_TCP_SYN_RECV;
	return do_action(answer, CT_TCP_DO_RESYNC);
}

/* The answer to a SYN in LAST_ACK is no acknowledgement of the FIN. */
static bool challenge_ack_in_last_ack(const struct ct_tcp_step *step,
				      struct ct_tcp_answer *answer)
{
	if (!answers_last(step, CT_TCP_EV_SYN) ||
	    !(step->tcp->kept_flags & CT_TCP_KEPT_CHALLENGE))
		return false;
	return do_action(answer, CT_TCP_DO_PASS);
}

/* When both ends opened, either one's ACK may be the last of the handshake. */
static bool crossing_open_completes(const struct ct_tcp_step *step,
				    struct ct_tcp_answer *answer)
{
	if (step->dir != CT_DIR_REPLY ||
	    !(step->tcp->kept_flags & CT_TCP_KEPT_CROSSING))
		return false;
	return do_check(answer, CT_TCP_ESTABLISHED);
}

/* --- RST ---------------------------------------------------------------- */

/*
 * Whether we know which number a RST must have: what its receiver expects,
 * which is the highest that it acknowledged.  Not behind a SYN that was let
 * pass: the RST may answer that one.
 */
static bool expects(const struct ct_tcp_step *step, uint32_t *seq)
{
	*seq = step->tcp->ends[!step->dir].max_ack;
	return (step->tcp->flags[!step->dir] & CT_TCP_F_MAXACK_SET) &&
	       step->tcp->last_event != CT_TCP_EV_SYN;
}

/*
 * Once it closes, the tuple may have been used for another connection behind
 * our back, so old numbers prove nothing; and an end without its socket resets
 * whatever comes.
 */
static bool rst_while_closing(const struct ct_tcp_step *step,
			      struct ct_tcp_answer *answer)
{
	(void)step;
	return do_action(answer, CT_TCP_DO_BELIEVE);
}

/* Until then an end may still be refused; from then on it is RFC 5961's. */
static bool established(const struct ct_tcp_step *step)
{
	return step->tcp->state == CT_TCP_ESTABLISHED &&
	       (step->status & CT_S_ASSURED);
}

/* <SEQ=0> refuses a SYN, perhaps one that was let pass. */
static bool rst_without_number(const struct ct_tcp_step *step,
			       struct ct_tcp_answer *answer)
{
	uint32_t seq;

	if (!expects(step, &seq) || established(step) || step->seg->seq != 0)
		return false;
	return do_check(answer, step->cell);
}

static bool rst_below_acknowledged(const struct ct_tcp_step *step,
				   struct ct_tcp_answer *answer)
{
	uint32_t seq;

	if (!expects(step, &seq) || step->spare_low_rst ||
	    (int32_t)(step->seg->seq - seq) >= 0)
		return false;
	return do_refuse(answer, CT_R_TCP_RST_SEQ);
}

/* Not yet assured: no need to be exact, if the window allows it. */
static bool rst_before_assured(const struct ct_tcp_step *step,
			       struct ct_tcp_answer *answer)
{
	uint32_t seq;

	if (!expects(step, &seq) || established(step))
		return false;
	return do_check(answer, step->cell);
}

static bool rst_exact(const struct ct_tcp_step *step,
		      struct ct_tcp_answer *answer)
{
	uint32_t seq;

	if (!expects(step, &seq) || step->seg->seq != seq)
		return false;
	return do_check(answer, step->cell);
}

/* Data and a RST right behind it: the data will be acknowledged no more. */
static bool rst_behind_own_data(const struct ct_tcp_step *step,
				struct ct_tcp_answer *answer)
{
	const struct ct_tcp *tcp = step->tcp;
	uint32_t seq;

	if (!expects(step, &seq) || tcp->last_event != CT_TCP_EV_ACK ||
	    tcp->last_dir != step->dir || tcp->last_end != step->seg->seq)
		return false;
	return do_check(answer, step->cell);
}

/*
 * The answer to a SYN that we let pass: it has the numbers of a connection that
 * we do not know.  last_end is 0 as long as nothing was let pass, and so is the
 * ACK field of most RSTs without ACK: by this, the originator may take back
 * crossing SYNs with any number.
 */
static bool rst_answers_passed_syn(const struct ct_tcp_step *step,
				   struct ct_tcp_answer *answer)
{
	if (!(step->status & CT_S_SEEN_REPLY) ||
	    !answers_last(step, CT_TCP_EV_SYN) ||
	    step->seg->ack != step->tcp->last_end)
		return false;
	return do_action(answer, CT_TCP_DO_BELIEVE);
}

/* <SEQ=SEG.ACK> refuses an ACK from another connection, which we let pass. */
static bool rst_answers_passed_ack(const struct ct_tcp_step *step,
				   struct ct_tcp_answer *answer)
{
	if (!answers_last(step, CT_TCP_EV_ACK) ||
	    step->seg->seq != step->tcp->last_ack)
		return false;
	return do_action(answer, CT_TCP_DO_BELIEVE);
}

/*
 * It acknowledges exactly what the last ACK sent, on a connection that is not
 * assured, and nothing tells which number it should have: it may end the
 * connection that the ACK was part of.
 */
static bool rst_acknowledges_last(const struct ct_tcp_step *step,
				  struct ct_tcp_answer *answer)
{
	if ((step->status & CT_S_ASSURED) ||
	    step->tcp->last_event != CT_TCP_EV_ACK ||
	    step->seg->ack != step->tcp->last_end)
		return false;
	return do_action(answer, CT_TCP_DO_BELIEVE);
}

/*
 * Not the number that is expected: a challenge ACK follows, and a second RST,
 * then exact (RFC 5961, 3.2).  If neither comes, tcp.timeout.close ends it.
 */
static bool rst_inexact(const struct ct_tcp_step *step,
			struct ct_tcp_answer *answer)
{
	uint32_t seq;

	return expects(step, &seq) && do_check(answer, step->tcp->state);
}

/* --- Once it is believed ------------------------------------------------ */

/* No need to remember a connection that was refused. */
static bool rst_is_the_only_answer(const struct ct_tcp_step *step,
				   struct ct_tcp_answer *answer)
{
	if (step->status & CT_S_SEEN_REPLY)
		return false;
	return do_action(answer, CT_TCP_DO_END);
}

/* Else a client that tries for ever keeps its entry for ever, NAT and all. */
static bool unanswered_syn_again(const struct ct_tcp_step *step,
				 struct ct_tcp_answer *answer)
{
	if (step->status & CT_S_SEEN_REPLY)
		return false;
	return do_action(answer, CT_TCP_DO_STAY);
}

/* --- When its numbers made it INVALID ----------------------------------- */

/*
 * Both ends try to end a connection with numbers that we cannot follow: it is
 * we who are wrong, and they will not tell us more.
 */
static bool both_ends_out_of_step(const struct ct_tcp_step *step,
				  struct ct_tcp_answer *answer)
{
	if (!(step->status & CT_S_ASSURED))
		return false;
	if (answers_last(step, CT_TCP_EV_FIN) ||
	    answers_last(step, CT_TCP_EV_RST))
		return do_action(answer, CT_TCP_DO_SHORTEN);
	return do_action(answer, CT_TCP_DO_REMEMBER);
}

/* clang-format off */
#define ON(event) (1u << CT_TCP_EV_##event)
#define RULE(events, states, rule, source) \
	{ #rule, events, states, rule, source }

static const struct ct_tcp_rule before[] = {
	RULE(ON(SYN),    FINISHED,        reopen_finished,          "RFC 9293 3.6.1"),
	RULE(ON(SYNACK), EVERY,           answer_to_passed_syn,     "RFC 9293 3.5.1"),
	RULE(ON(ACK),    IN(LAST_ACK),    challenge_ack_in_last_ack, "RFC 5961 4.2"),
	RULE(ON(ACK),    IN(SYN_RECV),    crossing_open_completes,  "RFC 9293 3.5"),
	RULE(ON(RST),    CLOSING,         rst_while_closing,        "as Linux does"),
	RULE(ON(RST),    EVERY,           rst_without_number,       "RFC 9293 3.10.7.1"),
	RULE(ON(RST),    EVERY,           rst_below_acknowledged,   "RFC 5961 3.2"),
	RULE(ON(RST),    EVERY,           rst_before_assured,       "as Linux does"),
	RULE(ON(RST),    IN(ESTABLISHED), rst_exact,                "RFC 5961 3.2"),
	RULE(ON(RST),    IN(ESTABLISHED), rst_behind_own_data,      "as Linux does"),
	RULE(ON(RST),    EVERY,           rst_answers_passed_syn,   "RFC 9293 3.5.2"),
	RULE(ON(RST),    UNANSWERED,      rst_answers_passed_ack,   "RFC 9293 3.10.7.3"),
	RULE(ON(RST),    EVERY,           rst_acknowledges_last,    "as Linux does"),
	RULE(ON(RST),    IN(ESTABLISHED), rst_inexact,              "RFC 5961 3.2"),
};

static const struct ct_tcp_rule after[] = {
	RULE(ON(RST),    EVERY,           rst_is_the_only_answer,   "RFC 9293 3.5.2"),
	RULE(ON(SYN),    IN(SYN_SENT),    unanswered_syn_again,     "as Linux does"),
};

static const struct ct_tcp_rule refused[] = {
	RULE(ON(FIN) | ON(RST), EVERY,    both_ends_out_of_step,    "as Linux does"),
};
/* clang-format on */

enum {
	N_BEFORE = sizeof(before) / sizeof(*before),
	N_AFTER = sizeof(after) / sizeof(*after),
	N_REFUSED = sizeof(refused) / sizeof(*refused)
};

static struct ct_tcp_answer ask(const struct ct_tcp_rule *rules, unsigned n,
				const struct ct_tcp_step *step,
				struct ct_tcp_answer answer)
{
	const uint32_t state = 1u << step->tcp->state;
	const uint32_t event = 1u << step->seg->event;

	for (unsigned i = 0; i < n; i++) {
		if (!(rules[i].events & event) || !(rules[i].states & state) ||
		    !rules[i].answers(step, &answer))
			continue;
		answer.rule = rules[i].name;
		break;
	}
	return answer;
}

struct ct_tcp_answer ct_tcp_guard_before(const struct ct_tcp_step *step)
{
	struct ct_tcp_answer grid = { .action = CT_TCP_DO_CHECK,
				      .next = step->cell,
				      .rule = "grid" };

	if (step->cell == CT_TCP_INVALID) {
		do_refuse(&grid, step->seg->bits & CT_TCP_SYN ? CT_R_TCP_SYN_SEQ
							      : CT_R_TCP_STATE);
		return grid;
	}
	if (step->cell == CT_TCP_IGNORE)
		grid.action = CT_TCP_DO_PASS;
	return ask(before, N_BEFORE, step, grid);
}

struct ct_tcp_answer ct_tcp_guard_after(const struct ct_tcp_step *step)
{
	struct ct_tcp_answer none = { .action = CT_TCP_DO_CHECK,
				      .rule = "grid" };

	return ask(after, N_AFTER, step, none);
}

struct ct_tcp_answer ct_tcp_guard_refused(const struct ct_tcp_step *step)
{
	struct ct_tcp_answer none = { .action = CT_TCP_DO_REFUSE,
				      .rule = "window" };

	return ask(refused, N_REFUSED, step, none);
}

const char *ct_tcp_answer_text(const struct ct_tcp_answer *answer)
{
	switch ((enum ct_tcp_action)answer->action) {
	case CT_TCP_DO_PASS:
		return "let it pass";
	case CT_TCP_DO_REFUSE:
		return "INVALID";
	case CT_TCP_DO_RESTART:
		return "a new connection";
	case CT_TCP_DO_END:
		return "the end";
	case CT_TCP_DO_STAY:
		return "the timeout stays";
	case CT_TCP_DO_REMEMBER:
		return "remember it";
	case CT_TCP_DO_SHORTEN:
		return "less time";
	case CT_TCP_DO_CHECK:
	case CT_TCP_DO_BELIEVE:
	case CT_TCP_DO_RESYNC:
		break;
	}
	return ct_tcp_state_name(answer->next);
}

const struct ct_tcp_rule *ct_tcp_guard_rule(unsigned n)
{
	if (n < N_BEFORE)
		return &before[n];
	n -= N_BEFORE;
	if (n < N_AFTER)
		return &after[n];
	n -= N_AFTER;
	return n < N_REFUSED ? &refused[n] : NULL;
}
