/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Masters that announce, and peers that knock; see stress.h.
 *
 * A few masters, so that threads meet at them: one speaks, another knocks where
 * it said, a third removes what it finds, a fourth ends the master.
 */
#include "stress.h"

#include <arpa/inet.h>
#include <conntrack/helper.h>
#include <stdatomic.h>
#include <string.h>

enum { MASTERS = 8, PORTS = 16, FIRST_PORT = 20000, SAYING = 4 };

/* --- The helper --------------------------------------------------------- */

static bool remove_one(void *user, struct ct_expect *exp)
{
	ct_expect_remove(user, exp);
	return true;
}

/* While a thread is off its core grace periods last, and what waits for them has
 * the memory; but not of most. */
static void tell(int error)
{
	static atomic_uint said, gone;
	unsigned n = atomic_fetch_add(&said, 1);

	if (error == CT_E_NOMEM && atomic_fetch_add(&gone, 1) > 64 + n / 4)
		wrong("announcements that find no memory");
	if (error && error != CT_E_NOENT && error != CT_E_FULL &&
	    error != CT_E_NOMEM)
		wrong("an announcement that is refused");
}

/* What is said: how, and which port. */
static enum ct_help help(struct ct_thread *thr, struct ct_pkt *pkt,
			 struct ct_speech *speech)
{
	struct ct_expect_def def = { .size = sizeof(def) };
	uint32_t *calls = ct_helper_state(ct_thread_table(thr), pkt->conn);
	uint8_t how = speech->bytes[0];
	int error;

	++*calls;
	ct_conn_tuple(pkt->conn, CT_DIR_REPLY, &def.tuple);
	def.tuple.src_id = 0;
	def.tuple.dst_id = htons((uint16_t)(FIRST_PORT + speech->bytes[1]));
	memset(&def.src_mask, 0xff, sizeof(def.src_mask));
	def.class_ = how & 1;
	def.flags = how & 2 ? CT_EXPECT_PERMANENT : 0;
	def.helper = how & 4 ? "announce" : NULL;
	error = ct_expect_add_near(thr, pkt->conn, &def, NULL);
	tell(error);
	if (how & 8)
		ct_expect_walk(thr, pkt->conn, remove_one, thr);
	return how >> 4 == 15 ? CT_HELP_DROP : CT_HELP_OK;
}

static bool none(void *user, struct ct_expect *exp)
{
	(void)user;
	(void)exp;
	wrong("an expectation outlives its master");
}

static void ended(struct ct_thread *thr, struct ct_conn *conn)
{
	uint32_t *calls = ct_helper_state(ct_thread_table(thr), conn);

	++*calls;
	ct_expect_walk(thr, conn, none, NULL);
}

static const struct ct_expect_class classes[] = {
	{ .name = "few", .max = 2, .timeout_s = 1 },
	{ .name = "many", .timeout_s = 3 },
};

static const struct ct_helper_ops ops = {
	.size = sizeof(ops),
	.name = "announce",
	.state_size = sizeof(uint32_t),
	.classes = classes,
	.n_classes = 2,
	.help = help,
	.ended = ended,
};

void announce_begin(struct stress *s)
{
	const struct ct_policy_def def = { .size = sizeof(def),
					   .helper = "announce" };

	if (ct_helper_register(s->tbl, &ops) ||
	    ct_policy_create(s->tbl, &def, &s->announces))
		wrong("no helper");
}

/* --- What threads do ---------------------------------------------------- */

static struct ct_test_flow master_flow(unsigned n)
{
	struct ct_test_flow flow = n & 1 ? ct_test_flow6 : ct_test_flow4;

	flow.sport = (uint16_t)(10000 + n);
	flow.dport = 10000;
	return flow;
}

static struct ct_pkt say(struct worker *w, struct ct_test_packet *p,
			 const struct ct_test_flow *flow)
{
	enum ct_dir dir = random_below(w, 4) ? CT_DIR_ORIG : CT_DIR_REPLY;
	struct ct_pkt pkt;

	ct_test_udp(p, flow, dir, SAYING);
	p->bytes[p->len - SAYING] = (uint8_t)random_below(w, 256);
	p->bytes[p->len - SAYING + 1] = (uint8_t)random_below(w, PORTS);
	ct_test_sum(p);
	pkt = ct_test_pkt(p);
	pkt.policy = w->s->announces;
	return pkt;
}

static struct ct_pkt knock(struct worker *w, struct ct_test_packet *p,
			   const struct ct_test_flow *flow)
{
	struct ct_test_flow back = *flow;

	memcpy(back.src, flow->dst, sizeof(back.src));
	memcpy(back.dst, flow->src, sizeof(back.dst));
	back.sport = (uint16_t)(30000 + random_below(w, PORTS));
	back.dport = (uint16_t)(FIRST_PORT + random_below(w, 2 * PORTS));
	ct_test_udp(p, &back, CT_DIR_ORIG, 2);
	return ct_test_pkt(p);
}

static void judge(struct worker *w, const struct ct_pkt *pkt)
{
	struct ct_table *tbl = w->s->tbl;
	struct ct_conn *master = ct_conn_master(tbl, pkt->conn);

	if (!(ct_conn_status(pkt->conn) & CT_S_EXPECTED)) {
		if (master)
			wrong("a master of what nobody expected");
		return;
	}
	count(w->s, T_EXPECTED);
	if (!master || !ct_conn_id(tbl, master))
		wrong("an expected connection without its master");
}

static void pass(struct worker *w, struct ct_pkt *pkt)
{
	if (ct_process(w->thr, pkt, CT_HOOK_PREROUTING) != CT_ACCEPT)
		return;
	count(w->s, T_PACKETS);
	if (pkt->conn)
		judge(w, pkt);
	if (random_below(w, 8) == 0)
		ct_abandon(w->thr, pkt);
	else
		ct_confirm(w->thr, pkt);
}

static bool meddle(void *user, struct ct_expect *exp)
{
	struct ct_expect_view view = { .size = sizeof(view) };
	struct worker *w = user;

	if (ct_expect_view(w->thr, exp, &view) || !view.id || !view.master)
		wrong("an expectation that cannot be read");
	if (random_below(w, 4) == 0)
		ct_expect_refresh(w->thr, exp, random_below(w, 3));
	return random_below(w, 32) != 0;
}

/* The host's part: it looks, adds its own, and ends the master. */
static void interfere(struct worker *w, const struct ct_test_flow *flow)
{
	struct ct_expect_def def = { .size = sizeof(def),
				     .flags = CT_EXPECT_USERSPACE,
				     .timeout_s = 1 };
	struct ct_tuple t;
	struct ct_conn *master;

	memset(&t, 0, sizeof(t));
	memcpy(&t.src, flow->src, flow->l3 == CT_L3_IPV4 ? 4 : 16);
	memcpy(&t.dst, flow->dst, flow->l3 == CT_L3_IPV4 ? 4 : 16);
	t.src_id = htons(flow->sport);
	t.dst_id = htons(flow->dport);
	t.l3 = flow->l3;
	t.l4 = 17;
	ct_expect_walk(w->thr, NULL, meddle, w);
	master = ct_find(w->thr, &t, NULL);
	if (!master)
		return;
	ct_expect_walk(w->thr, master, meddle, w);
	ct_conn_tuple(master, CT_DIR_REPLY, &def.tuple);
	def.tuple.dst_id = htons((uint16_t)(FIRST_PORT + PORTS));
	ct_expect_add(w->thr, master, &def, NULL);
	if (random_below(w, 2))
		ct_conn_delete(w->thr, master);
}

void announce(struct worker *w)
{
	const struct ct_test_flow flow = master_flow(random_below(w, MASTERS));
	struct ct_test_packet p;
	struct ct_pkt pkt;

	if (random_below(w, 8) == 0) {
		interfere(w, &flow);
		return;
	}
	pkt = random_below(w, 2) ? say(w, &p, &flow) : knock(w, &p, &flow);
	pass(w, &pkt);
}
