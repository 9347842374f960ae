/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The burst verbs, beside threads that use the single ones; see stress.h.
 *
 * Conversations that wait for this thread, some of them with two packets, go
 * into one burst with packets that belong to nobody.  What each must be told
 * is known beforehand, as in flows.c.  The burst's connections are then looked
 * up, many at once: each is found by both of its tuples, unless it has ended.
 */
#include "stress.h"

#include <string.h>

/* One packet of the burst. */
struct place {
	struct conversation *flow; /* NULL: it belongs to nobody */
	uint32_t step;
	uint32_t next;      /* step of the conversation; 0: it is over */
	bool pair;          /* the conversation's second packet here */
	struct ct_pkt *pkt; /* pkt below, or one that is held */
	struct ct_pkt own;
	struct ct_test_packet bytes;
};

struct burst {
	struct worker *w;
	unsigned n;
	struct place place[BURST_MAX];
	struct ct_pkt *pkts[BURST_MAX];
	enum ct_verdict verdicts[BURST_MAX];
};

/* --- Filling ------------------------------------------------------------ */

static void put_stray(struct burst *burst)
{
	struct place *place = &burst->place[burst->n++];

	place->flow = NULL;
	place->pair = false;
	stray_build(burst->w, &place->bytes);
	place->own = ct_test_pkt(&place->bytes);
	place->own.user = place;
	place->pkt = &place->own;
}

/* => The packet; one that may be held lies with its conversation. */
static struct place *put_step(struct burst *burst, struct conversation *flow,
			      uint32_t step)
{
	struct place *place = &burst->place[burst->n++];
	struct ct_test_packet *bytes = step ? &place->bytes : &flow->bytes;

	place->flow = flow;
	place->step = step;
	place->pair = false;
	place->pkt = step > HELD ? &place->own : &flow->held;
	if (step == HELD)
		return place;
	conversation_build(flow, step, bytes);
	*place->pkt = ct_test_pkt(bytes);
	place->pkt->user = place;
	return place;
}

/* => Whether what comes next may follow in the same burst. */
static bool may_pair(const struct burst *burst, const struct conversation *flow,
		     uint32_t step)
{
	uint32_t next = step ? step + 1 : HELD + 1;

	/* Where the server answers to is not known yet. */
	if (step == 0 && flow->nat)
		return false;
	return burst->n < BURST_MAX && !conversation_ends(flow, next);
}

static void put_conversation(struct burst *burst, bool pairs)
{
	struct worker *w = burst->w;
	uint32_t step;
	struct conversation *flow = conversation_take(w, &step);

	if (!flow)
		return;
	if (step == HELD && pairs) {
		/* Processed already: nothing for ct_forward_burst(). */
		step = conversation_confirm_held(w, flow);
		conversation_leave(w, flow, step);
		return;
	}
	put_step(burst, flow, step);
	if (!pairs || !may_pair(burst, flow, step) || random_below(w, 4))
		return;
	put_step(burst, flow, step ? step + 1 : HELD + 1)->pair = true;
	count(w->s, T_PAIRS);
}

static void fill(struct burst *burst, bool pairs)
{
	unsigned n = 1 + random_below(burst->w, BURST_MAX);

	burst->n = 0;
	while (burst->n < n) {
		if (random_below(burst->w, 8))
			put_conversation(burst, pairs);
		else
			put_stray(burst);
	}
	for (unsigned i = 0; i < burst->n; i++)
		burst->pkts[i] = burst->place[i].pkt;
}

/* --- Forwarding --------------------------------------------------------- */

/* What belongs to nobody is translated, too, and that may well fail. */
static enum ct_verdict rule_stray(struct worker *w, struct ct_pkt *pkt)
{
	struct ct_nat_range range = { .size = sizeof(range),
				      .flags = CT_NAT_ADDR };

	range.min_addr.bytes[0] = 0x21;
	range.max_addr = range.min_addr;
	if (random_below(w, 4) == 0)
		(void)ct_nat_setup(w->thr, pkt, CT_NAT_SRC, &range);
	return random_below(w, 8) ? CT_ACCEPT : CT_DROP;
}

static enum ct_verdict new_conn(void *user, struct ct_thread *thr,
				struct ct_pkt *pkt)
{
	struct worker *w = user;
	struct place *place = pkt->user;

	if (!place->flow)
		return rule_stray(w, pkt);
	/* A later packet, whose connection has ended. */
	if (place->step)
		return CT_DROP;
	ct_conn_mark_set(thr, pkt->conn, 1);
	place->flow->id = ct_conn_id(w->s->tbl, pkt->conn);
	if (place->flow->nat)
		conversation_map(w, place->flow, pkt);
	return CT_ACCEPT;
}

/* A full table refuses, and confirming may fail as it may elsewhere. */
static bool first_forwarded(struct worker *w, struct conversation *flow,
			    enum ct_verdict verdict, struct ct_pkt *pkt)
{
	if (verdict == CT_DROP && pkt->reason == CT_R_TABLE_FULL) {
		count(w->s, T_CUT);
		return false;
	}
	if (verdict == CT_ACCEPT && (pkt->state != CT_NEW || !pkt->conn))
		wrong("a first packet opened nothing");
	if (!conversation_confirmed(w, flow, verdict, pkt))
		return false;
	if (flow->nat)
		conversation_mapped(flow, pkt);
	return true;
}

static uint32_t forwarded(struct burst *burst, unsigned i)
{
	struct place *place = &burst->place[i];
	struct conversation *flow = place->flow;
	enum ct_verdict verdict = burst->verdicts[i];

	if (place->pair && !place[-1].next)
		return 0;
	if (place->step == 0)
		return first_forwarded(burst->w, flow, verdict, place->pkt)
			       ? HELD + 1
			       : 0;
	if (!conversation_found(burst->w, flow, place->step, verdict,
				place->pkt))
		return 0;
	if (flow->nat)
		conversation_translated(flow, place->pkt);
	return place->step + 1;
}

static void forward(struct burst *burst)
{
	const struct ct_rules rules = { .size = sizeof(rules),
					.user = burst->w,
					.new_conn = new_conn };

	ct_forward_burst(burst->w->thr, burst->pkts, burst->n, &rules,
			 burst->verdicts);
	for (unsigned i = 0; i < burst->n; i++)
		if (burst->place[i].flow)
			burst->place[i].next = forwarded(burst, i);
}

/* --- Process, then confirm ---------------------------------------------- */

/* => Whether the packet goes on to be translated and confirmed. */
static bool processed(struct burst *burst, struct place *place,
		      enum ct_verdict verdict)
{
	struct worker *w = burst->w;
	struct conversation *flow = place->flow;

	place->next = 0;
	if (!flow)
		return verdict == CT_ACCEPT;
	if (place->step == HELD)
		return true;
	if (place->step)
		return conversation_found(w, flow, place->step, verdict,
					  place->pkt);
	if (!conversation_opened(w, flow, verdict, place->pkt))
		return false;
	if (flow->nat)
		conversation_map(w, flow, place->pkt);
	return true;
}

static void translated(const struct place *place, enum ct_verdict verdict)
{
	struct conversation *flow = place->flow;

	if (!flow || !flow->nat)
		return;
	if (verdict != CT_ACCEPT)
		wrong("a packet cannot be translated");
	if (place->step == 0)
		conversation_mapped(flow, place->pkt);
	else if (place->step > HELD)
		conversation_translated(flow, place->pkt);
}

/* Before it is confirmed the host may keep it, give it up or forget it. */
static bool leaves(struct burst *burst, struct place *place)
{
	struct worker *w = burst->w;
	bool known = place->flow && place->step > HELD;

	if (place->flow && !place->step && conversation_hold(w, place->flow)) {
		place->next = HELD;
		return false;
	}
	if (known || random_below(w, 8))
		return true;
	if (!place->flow || random_below(w, 2))
		ct_abandon(w->thr, place->pkt);
	return false;
}

static void confirmed(struct burst *burst, struct place *place,
		      enum ct_verdict verdict)
{
	if (place->step > HELD && verdict != CT_ACCEPT)
		wrong("a known connection's packet was dropped");
	if (place->step > HELD)
		place->next = place->step + 1;
	else if (conversation_confirmed(burst->w, place->flow, verdict,
					place->pkt))
		place->next = HELD + 1;
}

/* The packets of some places, as verbs want them. */
static void gather(struct burst *burst, struct place *const *places, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		burst->pkts[i] = places[i]->pkt;
}

static void translate(struct burst *burst, struct place *const *places,
		      unsigned n)
{
	struct ct_thread *thr = burst->w->thr;

	gather(burst, places, n);
	ct_nat_apply_burst(thr, burst->pkts, n, CT_HOOK_PREROUTING, NULL);
	ct_nat_apply_burst(thr, burst->pkts, n, CT_HOOK_POSTROUTING,
			   burst->verdicts);
	for (unsigned i = 0; i < n; i++)
		translated(places[i], burst->verdicts[i]);
}

static void confirm(struct burst *burst, struct place **places, unsigned n)
{
	struct ct_table *tbl = burst->w->s->tbl;
	struct ct_conn *held[BURST_MAX];
	unsigned n_held = 0, leaving = 0;

	for (unsigned i = 0; i < n; i++) {
		struct place *place = places[i];

		if (place->flow && place->step == HELD)
			held[n_held++] = place->pkt->conn;
		if (leaves(burst, place))
			places[leaving++] = place;
	}
	gather(burst, places, leaving);
	ct_confirm_burst(burst->w->thr, burst->pkts, leaving, burst->verdicts);
	for (unsigned i = 0; i < leaving; i++)
		if (places[i]->flow)
			confirmed(burst, places[i], burst->verdicts[i]);
	while (n_held > 0)
		ct_conn_put(tbl, held[--n_held]);
}

static void split(struct burst *burst)
{
	struct place *places[BURST_MAX];
	unsigned n = 0;

	ct_process_burst(burst->w->thr, burst->pkts, burst->n,
			 CT_HOOK_PREROUTING, burst->verdicts);
	for (unsigned i = 0; i < burst->n; i++)
		if (processed(burst, &burst->place[i], burst->verdicts[i]))
			places[n++] = &burst->place[i];
	translate(burst, places, n);
	confirm(burst, places, n);
}

/* --- Looking up --------------------------------------------------------- */

/* A tuple that somebody has, or had. */
struct wanted {
	struct ct_conn *conn;
	enum ct_dir dir;
};

/* => How many; each connection by one of its tuples, at random. */
static unsigned want(const struct burst *burst, struct wanted *wanted,
		     struct ct_tuple *tuples)
{
	unsigned n = 0;

	for (unsigned i = 0; i < burst->n; i++) {
		const struct place *place = &burst->place[i];
		struct wanted *one = &wanted[n];

		/* A stray's may be private, and be met in no table. */
		if (!place->flow || place->next <= HELD)
			continue;
		one->conn = place->pkt->conn;
		one->dir =
			random_below(burst->w, 2) ? CT_DIR_ORIG : CT_DIR_REPLY;
		ct_conn_tuple(one->conn, one->dir, &tuples[n++]);
	}
	return n;
}

/* They are borrowed, ours and what was found. */
static void look_up(struct burst *burst)
{
	struct worker *w = burst->w;
	struct wanted wanted[BURST_MAX];
	struct ct_tuple tuples[BURST_MAX];
	struct ct_conn *conns[BURST_MAX];
	enum ct_dir dirs[BURST_MAX];
	unsigned n = want(burst, wanted, tuples), found = 0;

	unsigned said = ct_find_burst(w->thr, tuples, n, conns, dirs);

	for (unsigned i = 0; i < n; i++) {
		found += conns[i] != NULL;
		if (conns[i] == wanted[i].conn) {
			if (dirs[i] != wanted[i].dir)
				wrong("found the other way round");
			count(w->s, T_FOUND);
		} else if (!(ct_conn_status(wanted[i].conn) & CT_S_DYING)) {
			wrong("a connection that lives is not looked up");
		}
	}
	if (said != found)
		wrong("the number of those that were found");
}

/* --- The burst ---------------------------------------------------------- */

void converse_in_bursts(struct worker *w)
{
	struct burst burst;
	bool forwards = random_below(w, 2);

	burst.w = w;
	fill(&burst, forwards);
	if (forwards)
		forward(&burst);
	else
		split(&burst);
	look_up(&burst);
	count(w->s, T_BURSTS);
	for (unsigned i = 0; i < burst.n; i++) {
		const struct place *place = &burst.place[i];
		bool pair = i + 1 < burst.n && place[1].pair;

		if (place->flow && !pair)
			conversation_leave(w, place->flow, place->next);
	}
}
