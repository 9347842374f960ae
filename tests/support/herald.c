/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A master whose expectations are under test; see herald.h.
 */
#include "herald.h"

#include "suite.h"

#include <arpa/inet.h>
#include <conntrack/helper.h>
#include <string.h>

enum { UDP = 17, LOG_MAX = 32 };

struct ct_herald ct_herald;

/* "N3" for NEW of the third expectation, "D3" for its end; "n", "r", "d" of
 * connections: new, new and expected, ended. */
static char told[4 * LOG_MAX];

static void say(char what, unsigned n)
{
	char *end = told + strlen(told);

	ck_assert_ptr_ne(end, told + sizeof(told) - 4);
	*end++ = what;
	if (n)
		*end++ = (char)('0' + n);
	*end = '\0';
}

static void note(void *user, const struct ct_event_info *ev)
{
	struct ct_expect_view view = { .size = sizeof(view) };

	(void)user;
	ck_assert_ptr_nonnull(ev->conn);
	if (ev->exp) {
		ck_assert_int_eq(ct_expect_view(ev->thr, ev->exp, &view), 0);
		ck_assert_ptr_eq(view.master, ev->conn);
		say(ev->events == CT_EV_EXPECT_NEW ? 'N' : 'D',
		    (unsigned)view.id);
	} else if (ev->events & CT_EV_RELATED) {
		ck_assert(ev->events & CT_EV_NEW);
		say('r', 0);
	} else if (ev->events & CT_EV_NEW) {
		say('n', 0);
	} else if (ev->events & CT_EV_DESTROY) {
		say('d', 0);
	}
}

/* What was told since the last time. */
void ct_herald_told(const char *what)
{
	ck_assert_str_eq(told, what);
	told[0] = '\0';
}

/* A helper with two classes, that does nothing by itself. */
static enum ct_help no_help(struct ct_thread *thr, struct ct_pkt *pkt,
			    struct ct_speech *speech)
{
	(void)thr;
	(void)pkt;
	(void)speech;
	return CT_HELP_OK;
}

static const struct ct_expect_class classes[] = {
	{ .name = "two", .max = 2, .timeout_s = 60 },
	{ .name = "many", .timeout_s = 0 },
};

static const struct ct_helper_ops ops = {
	.size = sizeof(ops),
	.name = "test",
	.l4 = UDP,
	.classes = classes,
	.n_classes = 2,
	.help = no_help,
};

struct ct_pkt ct_herald_packet(const struct ct_test_flow *flow, enum ct_dir dir,
			       const struct ct_policy *policy)
{
	struct ct_pkt pkt;

	ct_test_udp(&ct_herald.w.p, flow, dir, 10);
	pkt = ct_test_pkt(&ct_herald.w.p);
	pkt.policy = policy;
	ck_assert_int_eq(ct_process(ct_herald.w.thr, &pkt, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	return pkt;
}

static struct ct_pkt open_master(void)
{
	const struct ct_policy_def def = { .size = sizeof(def),
					   .helper = "test" };
	const struct ct_policy *policy;

	ck_assert_int_eq(ct_policy_create(ct_herald.w.tbl, &def, &policy), 0);
	return ct_herald_packet(&ct_test_flow4, CT_DIR_ORIG, policy);
}

void ct_herald_setup(void)
{
	struct ct_pkt pkt;
	struct ct_sub *sub;

	told[0] = '\0';
	ct_world_create(&ct_herald.w, NULL);
	ck_assert_int_eq(ct_helper_register(ct_herald.w.tbl, &ops), 0);
	ct_world_attach(&ct_herald.w);
	ck_assert_int_eq(ct_subscribe(ct_herald.w.tbl,
				      (uint32_t)CT_EV_ALL | CT_EV_EXPECT, note,
				      NULL, &sub),
			 0);
	pkt = open_master();
	ck_assert_int_eq(ct_confirm(ct_herald.w.thr, &pkt), CT_ACCEPT);
	ct_herald.master = ct_conn_get(pkt.conn);
	ct_herald_told("n");
}

void ct_herald_teardown(void)
{
	ct_conn_put(ct_herald.w.tbl, ct_herald.master);
	ct_world_end(&ct_herald.w);
}

/* Anybody's port of the server, to a port of the client. */
struct ct_expect_def ct_herald_def(uint16_t port)
{
	struct ct_expect_def def = { .size = sizeof(def) };

	ct_conn_tuple(ct_herald.master, CT_DIR_REPLY, &def.tuple);
	def.tuple.src_id = 0;
	def.tuple.dst_id = htons(port);
	memset(&def.src_mask, 0xff, 4);
	return def;
}

struct ct_expect *ct_herald_expect(uint16_t port)
{
	struct ct_expect_def def = ct_herald_def(port);
	struct ct_expect *exp = NULL;

	ck_assert_int_eq(
		ct_expect_add(ct_herald.w.thr, ct_herald.master, &def, &exp),
		0);
	ck_assert_ptr_nonnull(exp);
	return exp;
}

/* What comes to a port of the client, from the server. */
struct ct_test_flow ct_herald_flow(uint16_t sport, uint16_t dport)
{
	struct ct_test_flow flow = ct_test_flow4;

	memcpy(flow.src, ct_test_flow4.dst, sizeof(flow.src));
	memcpy(flow.dst, ct_test_flow4.src, sizeof(flow.dst));
	flow.sport = sport;
	flow.dport = dport;
	return flow;
}

struct ct_pkt ct_herald_knock(uint16_t sport, uint16_t dport)
{
	struct ct_test_flow flow = ct_herald_flow(sport, dport);
	struct ct_pkt pkt = ct_herald_packet(&flow, CT_DIR_ORIG, NULL);

	ck_assert_int_eq(ct_confirm(ct_herald.w.thr, &pkt), CT_ACCEPT);
	return pkt;
}

static bool count_one(void *user, struct ct_expect *exp)
{
	(void)exp;
	++*(unsigned *)user;
	return true;
}

unsigned ct_herald_count(struct ct_conn *of)
{
	unsigned n = 0;

	ct_expect_walk(ct_herald.w.thr, of, count_one, &n);
	return n;
}
