/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A full table, all of whose connections are worth keeping; see stress.h.
 *
 * Residents are in it, as many as it holds, and their packets come from all
 * threads at once.  Newcomers are refused, or given up when a place happened
 * to be free; some get in, and go when the next one comes.  Now and then a
 * resident is deleted and returns: with its whole handshake in one burst, or
 * later, if somebody else has taken the place.
 *
 * A resident's term counts its stays.  Who sends one of its packets notes the
 * term before; if the packet did not meet it, the term must have ended.
 */
#include "stress.h"
#include "world.h"

#include <string.h>

/* The term's lowest bits. */
enum { ABSENT = 0, BUSY = 1, THERE = 2, UP = 3, TERM = 4 };

enum step { SYN, SYN_ACK, ACK, DATA_ORIG, DATA_REPLY, NEWCOMER };

static const struct {
	enum ct_dir dir;
	uint8_t flags;
	uint32_t seq, ack;
} steps[] = {
	[SYN] = { CT_DIR_ORIG, CT_TEST_SYN, 1000, 0 },
	[SYN_ACK] = { CT_DIR_REPLY, CT_TEST_SYN | CT_TEST_ACK, 5000, 1001 },
	[ACK] = { CT_DIR_ORIG, CT_TEST_ACK, 1001, 5001 },
	[DATA_ORIG] = { CT_DIR_ORIG, CT_TEST_ACK, 1001, 5001 },
	[DATA_REPLY] = { CT_DIR_REPLY, CT_TEST_ACK, 5001, 1001 },
	[NEWCOMER] = { CT_DIR_ORIG, CT_TEST_SYN, 1000, 0 },
};

struct shot {
	enum step step;
	struct resident *resident;
	uint32_t term;
	struct ct_pkt pkt;
	struct ct_test_packet bytes;
};

struct volley {
	struct worker *w;
	unsigned n;
	struct shot shot[BURST_MAX];
	struct ct_pkt *pkts[BURST_MAX];
	enum ct_verdict verdicts[BURST_MAX];
	struct ct_conn *opened; /* by a handshake's SYN */
};

/* --- Packets ------------------------------------------------------------ */

static unsigned number_of(const struct worker *w, const struct resident *r)
{
	return (unsigned)(r - w->s->residents);
}

/* Every other pair is translated; the address outside is its own. */
static bool mapped(unsigned number)
{
	return number % 4 >= 2;
}

static struct ct_test_flow ends_of(unsigned number, enum ct_dir dir)
{
	struct ct_test_flow ends = number % 2 ? ct_test_flow6 : ct_test_flow4;

	ends.src[number % 2 ? 15 : 3] = (uint8_t)number;
	ends.sport = (uint16_t)(2000 + number);
	if (mapped(number) && dir == CT_DIR_REPLY)
		ends.src[0] = 0x21;
	return ends;
}

static struct ct_test_flow stranger(struct worker *w)
{
	struct ct_test_flow ends = ct_test_flow4;

	ends.src[0] = 11;
	ends.src[2] = (uint8_t)random_below(w, 256);
	ends.src[3] = (uint8_t)random_below(w, 256);
	ends.sport = (uint16_t)random_below(w, 65536);
	return ends;
}

static void put(struct volley *volley, enum step step,
		struct resident *resident, uint32_t term)
{
	struct worker *w = volley->w;
	struct shot *shot = &volley->shot[volley->n];
	struct ct_test_segment seg = { .flags = steps[step].flags,
				       .win = 8192,
				       .seq = steps[step].seq,
				       .ack = steps[step].ack };
	struct ct_test_flow ends =
		resident ? ends_of(number_of(w, resident), steps[step].dir)
			 : stranger(w);

	shot->step = step;
	shot->resident = resident;
	shot->term = term;
	ct_test_tcp(&shot->bytes, &ends, steps[step].dir, &seg);
	shot->pkt = ct_test_pkt(&shot->bytes);
	shot->pkt.user = shot;
	volley->pkts[volley->n++] = &shot->pkt;
}

static struct resident *any_resident(struct worker *w, uint32_t *term)
{
	struct resident *resident =
		&w->s->residents[random_below(w, RESIDENTS)];

	*term = atomic_load(&resident->term);
	return resident;
}

static void fill(struct volley *volley, unsigned n)
{
	struct worker *w = volley->w;
	uint32_t term;

	while (volley->n < n) {
		struct resident *resident = any_resident(w, &term);

		if (random_below(w, 3) == 0 || (term & UP) != THERE)
			put(volley, NEWCOMER, NULL, 0);
		else
			put(volley, random_below(w, 2) ? DATA_ORIG : DATA_REPLY,
			    resident, term);
	}
}

/* --- Sending ------------------------------------------------------------ */

static enum ct_verdict new_conn(void *user, struct ct_thread *thr,
				struct ct_pkt *pkt)
{
	struct worker *w = user;
	const struct shot *shot = pkt->user;
	struct ct_nat_range range = { .size = sizeof(range),
				      .flags = CT_NAT_ADDR };
	struct ct_tuple t;

	if (!shot->resident)
		return random_below(w, 16) ? CT_DROP : CT_ACCEPT;
	if (!mapped(number_of(w, shot->resident)))
		return CT_ACCEPT;
	ct_conn_tuple(pkt->conn, CT_DIR_ORIG, &t);
	t.src.bytes[0] = 0x21;
	range.min_addr = range.max_addr = t.src;
	if (ct_nat_setup(thr, pkt, CT_NAT_SRC, &range))
		return CT_DROP;
	return CT_ACCEPT;
}

static enum ct_verdict send_one(struct worker *w, struct ct_pkt *pkt)
{
	enum ct_verdict verdict = ct_process(w->thr, pkt, CT_HOOK_PREROUTING);

	if (verdict == CT_ACCEPT && pkt->conn && pkt->reason == CT_R_OPENED)
		verdict = new_conn(w, w->thr, pkt);
	if (verdict == CT_ACCEPT)
		verdict = ct_nat_apply(w->thr, pkt, CT_HOOK_PREROUTING);
	if (verdict == CT_ACCEPT)
		verdict = ct_nat_apply(w->thr, pkt, CT_HOOK_POSTROUTING);
	if (verdict == CT_ACCEPT)
		return ct_confirm(w->thr, pkt);
	ct_abandon(w->thr, pkt);
	return verdict;
}

/* The same in other steps; a handshake needs them one packet at a time. */
static void send_split(struct volley *volley)
{
	struct worker *w = volley->w;
	enum ct_verdict *verdicts = volley->verdicts;

	ct_process_burst(w->thr, volley->pkts, volley->n, CT_HOOK_PREROUTING,
			 verdicts);
	for (unsigned i = 0; i < volley->n; i++) {
		struct ct_pkt *pkt = volley->pkts[i];

		if (pkt->conn && pkt->reason == CT_R_OPENED &&
		    new_conn(w, w->thr, pkt) != CT_ACCEPT)
			ct_abandon(w->thr, pkt);
	}
	ct_nat_apply_burst(w->thr, volley->pkts, volley->n, CT_HOOK_PREROUTING,
			   NULL);
	ct_nat_apply_burst(w->thr, volley->pkts, volley->n, CT_HOOK_POSTROUTING,
			   NULL);
	/* Refused ones have no connection any more, and nothing to confirm. */
	ct_confirm_burst(w->thr, volley->pkts, volley->n, NULL);
}

static void send_all(struct volley *volley, bool split)
{
	struct worker *w = volley->w;
	const struct ct_rules rules = { .size = sizeof(rules),
					.user = w,
					.new_conn = new_conn };

	if (split)
		send_split(volley);
	else if (w->bursts)
		ct_forward_burst(w->thr, volley->pkts, volley->n, &rules,
				 volley->verdicts);
	else
		for (unsigned i = 0; i < volley->n; i++)
			volley->verdicts[i] = send_one(w, volley->pkts[i]);
	count(w->s, T_BURSTS);
}

/* --- Judging ------------------------------------------------------------ */

static bool ended(const struct resident *resident, uint32_t term)
{
	return atomic_load(&resident->term) != term;
}

/* The address that the packet left with. */
static void expect_address(const struct worker *w, const struct shot *shot)
{
	unsigned number = number_of(w, shot->resident);
	bool orig = steps[shot->step].dir == CT_DIR_ORIG;
	struct ct_test_flow seen =
		ends_of(number, orig ? CT_DIR_REPLY : CT_DIR_ORIG);
	bool v6 = seen.l3 == CT_L3_IPV6;
	const uint8_t *at =
		shot->bytes.bytes + (v6 ? (orig ? 8 : 24) : (orig ? 12 : 16));

	if (memcmp(at, seen.src, v6 ? 16 : 4) != 0)
		wrong("a resident's packet has another address");
}

static void judge_data(const struct worker *w, const struct shot *shot,
		       enum ct_verdict verdict)
{
	const struct ct_pkt *pkt = &shot->pkt;

	if (verdict == CT_ACCEPT && pkt->conn && pkt->state == CT_ESTABLISHED &&
	    pkt->dir == steps[shot->step].dir) {
		expect_address(w, shot);
		count(w->s, T_MET);
	} else if (!ended(shot->resident, shot->term)) {
		wrong("a resident's packet did not meet it");
	}
}

static void judge_newcomer(const struct worker *w, const struct shot *shot)
{
	if (shot->pkt.reason == CT_R_TABLE_FULL)
		count(w->s, T_REFUSED);
	else if (shot->pkt.reason != CT_R_OPENED &&
		 shot->pkt.reason != CT_R_NO_MEMORY)
		wrong("a newcomer was neither refused nor let in");
}

static void judge_handshake(struct volley *volley, const struct shot *shot,
			    enum ct_verdict verdict)
{
	struct resident *resident = shot->resident;
	struct ct_conn *conn = verdict == CT_ACCEPT ? shot->pkt.conn : NULL;
	uint32_t up = ABSENT;

	if (shot->step == SYN) {
		volley->opened = conn;
		return;
	}
	if (volley->opened && conn != volley->opened &&
	    !(ct_conn_status(volley->opened) & CT_S_DYING))
		wrong("what a burst has opened is not found by it");
	if (shot->step != ACK)
		return;
	if (conn && conn == volley->opened) {
		if ((ct_conn_status(conn) & (CT_S_ASSURED | CT_S_DYING)) !=
		    CT_S_ASSURED)
			wrong("a resident is not kept");
		up = THERE;
		count(volley->w->s, T_REPLACED);
	}
	atomic_store(&resident->term, shot->term + TERM + up);
}

static void judge(struct volley *volley)
{
	for (unsigned i = 0; i < volley->n; i++) {
		const struct shot *shot = &volley->shot[i];

		if (!shot->resident)
			judge_newcomer(volley->w, shot);
		else if (shot->step <= ACK)
			judge_handshake(volley, shot, volley->verdicts[i]);
		else
			judge_data(volley->w, shot, volley->verdicts[i]);
	}
}

/* --- What a thread does ------------------------------------------------- */

static struct ct_conn *look(struct worker *w, const struct resident *resident,
			    enum ct_dir dir)
{
	unsigned number = number_of(w, resident);
	struct ct_test_flow ends = ends_of(number, dir);
	struct ct_tuple t = ct_world_tuple(&ends, dir);
	struct ct_conn *conn;

	t.l4 = 6;
	ct_find_burst(w->thr, &t, 1, &conn, NULL);
	return conn;
}

/* Begin a resident's handshake, in the middle of a volley. */
static void replace(struct volley *volley)
{
	struct worker *w = volley->w;
	uint32_t term;
	struct resident *resident = any_resident(w, &term);
	struct ct_conn *conn;

	if ((term & UP) == BUSY ||
	    ((term & UP) == THERE && random_below(w, 16)) ||
	    !atomic_compare_exchange_strong(&resident->term, &term,
					    (term & ~(uint32_t)UP) | BUSY))
		return;
	if ((term & UP) == THERE) {
		conn = look(w, resident, CT_DIR_ORIG);
		if (!conn || ct_conn_delete(w->thr, conn))
			wrong("a resident cannot be deleted");
	}
	term &= ~(uint32_t)UP;
	put(volley, SYN, resident, term);
	fill(volley, volley->n + random_below(w, 6));
	put(volley, SYN_ACK, resident, term);
	fill(volley, volley->n + random_below(w, 6));
	put(volley, ACK, resident, term);
}

/* All of them are found, by either tuple. */
static void look_for_many(struct worker *w)
{
	struct resident *residents[BURST_MAX];
	uint32_t terms[BURST_MAX];
	struct ct_tuple tuples[BURST_MAX];
	struct ct_conn *conns[BURST_MAX];
	unsigned n = 1 + random_below(w, BURST_MAX);

	for (unsigned i = 0; i < n; i++) {
		enum ct_dir dir = (enum ct_dir)random_below(w, 2);
		struct ct_test_flow ends;

		residents[i] = any_resident(w, &terms[i]);
		ends = ends_of(number_of(w, residents[i]), dir);
		tuples[i] = ct_world_tuple(&ends, dir);
		tuples[i].l4 = 6;
	}
	ct_find_burst(w->thr, tuples, n, conns, NULL);
	for (unsigned i = 0; i < n; i++) {
		if (conns[i])
			count(w->s, T_FOUND);
		else if ((terms[i] & UP) == THERE &&
			 !ended(residents[i], terms[i]))
			wrong("a resident is not found");
	}
}

void besiege(struct worker *w)
{
	struct volley volley;
	bool split = w->bursts && random_below(w, 2);

	volley.w = w;
	volley.n = 0;
	fill(&volley, random_below(w, BURST_MAX / 2));
	if (!split && random_below(w, 2))
		replace(&volley);
	fill(&volley, 1 + random_below(w, BURST_MAX));
	send_all(&volley, split);
	judge(&volley);
	look_for_many(w);
}

void siege_end(struct worker *w)
{
	for (unsigned i = 0; i < RESIDENTS; i++) {
		const struct resident *resident = &w->s->residents[i];

		if ((atomic_load(&resident->term) & UP) == THERE &&
		    (!look(w, resident, CT_DIR_ORIG) ||
		     !look(w, resident, CT_DIR_REPLY)))
			wrong("a resident was lost");
	}
}
