/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's memory fails at the n-th call, for every n until none fails any
 * more, under a scenario that touches everything which allocates.
 *
 * Whatever fails must say so by CT_E_NOMEM or the reason NO_MEMORY; all
 * invariants hold after each step; no byte is left at the end.  Two ways of
 * failing: one call only, and that call with all that follow.
 */
#include "audit.h"
#include "frag.h"
#include "suite.h"
#include "talks.h"
#include "world.h"

#include <conntrack/helper.h>
#include <conntrack/nat64.h>
#include <conntrack/nat_cgn.h>
#include <conntrack/plugin.h>
#include <string.h>

enum { MANY = 300, N_MAX = 2000 };

/* One run of the scenario. */
struct run {
	struct ct_test_alloc mem;
	struct ct_table *tbl;
	struct ct_thread *thr[2];
	struct ct_sub *sub[2];
	const struct ct_policy *policy;
	ct_ext_id ext[2];
	bool has_ext[2];
	struct ct_conn *owned;
	bool nat;                    /* sources are translated */
	bool over;                   /* to the other network layer */
	bool bound;                  /* by bytes: then it may be full, too */
	struct ct_nat_pool *pool[2]; /* the second one overloaded */
	struct ct_nat_pool *by;      /* NULL: by a range */
	uint64_t now_ns;
	unsigned refused; /* calls that said so */
};

static unsigned ext_alive;

static void destroy_ext(void *ext)
{
	(void)ext;
	ext_alive--;
}

static const struct ct_ext_ops always_ops = {
	.size = sizeof(always_ops),
	.name = "always",
	.len = 24,
	.align = 8,
	.flags = CT_EXT_ALWAYS,
};

static const struct ct_ext_ops demand_ops = {
	.size = sizeof(demand_ops),
	.name = "on demand",
	.len = 100,
	.align = 16,
	.destroy = destroy_ext,
};

/* Done, or clean refusal; nothing else. */
static bool done(struct run *run, int error)
{
	ck_assert_msg(error == 0 || error == CT_E_NOMEM, "%s",
		      ct_strerror(error));
	run->refused += error != 0;
	return error == 0;
}

static void audit(struct run *run)
{
	const char *wrong = ct_table_check(run->tbl);

	ck_assert_msg(!wrong, "%s", wrong);
}

static void note(void *user, const struct ct_event_info *ev)
{
	struct run *run = user;

	/* As hosts do: a cookie for each new one. */
	if (ev->events & CT_EV_NEW)
		done(run, ct_conn_cookie_set(ev->thr, ev->conn, 1));
}

/* --- Packets ------------------------------------------------------------ */

/* NAT64; the packet's own destination lies in the prefix. */
static int go_over(struct ct_thread *thr, struct ct_pkt *pkt,
		   const struct ct_nat_range *range)
{
	struct ct_nat64 nat64 = { .size = sizeof(nat64), .prefix_len = 48 };
	struct ct_tuple t;

	if (!pkt->conn)
		return CT_E_NOENT;
	ct_conn_tuple(pkt->conn, CT_DIR_ORIG, &t);
	memcpy(&nat64.prefix, &t.dst, t.l3 == CT_L3_IPV6 ? 6 : 2);
	return ct_nat64_setup(thr, pkt, &nat64, range);
}

/* Its source is another, if there is memory. */
static void translate(struct run *run, unsigned thr, struct ct_pkt *pkt)
{
	struct ct_nat_range range = { .size = sizeof(range),
				      .flags = CT_NAT_ADDR };
	int error;

	range.min_addr.bytes[0] = 0xcb;
	range.max_addr = range.min_addr;
	if (run->over)
		error = go_over(run->thr[thr], pkt, &range);
	else if (run->by && pkt->l3 == CT_L3_IPV4)
		error = ct_nat_pool_setup(run->thr[thr], pkt, run->by);
	else
		error = ct_nat_setup(run->thr[thr], pkt, CT_NAT_SRC, &range);
	run->refused += error == CT_E_NOMEM;
	ck_assert(error == 0 || error == CT_E_NOMEM || error == CT_E_FULL ||
		  error == CT_E_NOENT || (error == CT_E_RANGE && run->over));
	ct_nat_apply(run->thr[thr], pkt, CT_HOOK_POSTROUTING);
}

static void expect_gone(const struct run *run, unsigned reason)
{
	ck_assert(reason == CT_R_NO_MEMORY ||
		  (run->bound && reason == CT_R_TABLE_FULL));
}

static struct ct_pkt process(struct run *run, unsigned thr,
			     struct ct_test_packet *p)
{
	struct ct_pkt pkt = ct_test_pkt(p);
	enum ct_verdict verdict;

	pkt.policy = run->policy;
	verdict = ct_process(run->thr[thr], &pkt, CT_HOOK_PREROUTING);
	if (verdict != CT_ACCEPT) {
		expect_gone(run, pkt.reason);
		ck_assert_ptr_null(pkt.conn);
		run->refused++;
	} else if (pkt.conn && run->nat) {
		translate(run, thr, &pkt);
	}
	return pkt;
}

static void confirm(struct run *run, unsigned thr, struct ct_pkt *pkt)
{
	if (ct_confirm(run->thr[thr], pkt) != CT_ACCEPT) {
		ck_assert(pkt->reason == CT_R_NO_MEMORY ||
			  pkt->reason == CT_R_HELPER_REFUSED);
		run->refused++;
	}
}

static void pass(struct run *run, struct ct_test_packet *p)
{
	struct ct_pkt pkt = process(run, 0, p);

	confirm(run, 0, &pkt);
}

static void tcp(struct run *run, enum ct_dir dir, uint8_t flags, uint32_t len)
{
	const struct ct_test_segment seg = {
		.flags = flags,
		.win = 1000,
		.seq = flags & CT_TEST_SYN ? 1 : 2,
		.ack = flags & CT_TEST_ACK ? 2 : 0,
		.len = len,
	};
	struct ct_test_packet p;

	ct_test_tcp(&p, &ct_test_flow4, dir, &seg);
	pass(run, &p);
}

static void every_protocol(struct run *run)
{
	static const struct ct_test_icmp echo = { 8, 0, 7, "ping", 4 };
	static const struct ct_test_icmp echo6 = { 128, 0, 7, "ping", 4 };
	static const struct ct_test_l4 lite = {
		136, "\x11\x11\x22\x22\0\x08\x12\x34", 8
	};
	static const struct ct_test_l4 odd = { 99, "odd", 3 };
	struct ct_test_packet p, quoted;
	struct ct_test_icmp unreachable = { 3, 3, 0, NULL, 28 };

	tcp(run, CT_DIR_ORIG, CT_TEST_SYN, 0);
	tcp(run, CT_DIR_REPLY, CT_TEST_SYN | CT_TEST_ACK, 0);
	tcp(run, CT_DIR_ORIG, CT_TEST_ACK, 10);
	ct_test_udp(&quoted, &ct_test_flow6, CT_DIR_ORIG, 10);
	pass(run, &quoted);
	ct_test_icmp(&p, &ct_test_flow4, CT_DIR_ORIG, &echo);
	pass(run, &p);
	ct_test_icmp(&p, &ct_test_flow6, CT_DIR_ORIG, &echo6);
	pass(run, &p);
	ct_test_raw(&p, &ct_test_flow4, CT_DIR_ORIG, &lite);
	pass(run, &p);
	ct_test_raw(&p, &ct_test_flow4, CT_DIR_ORIG, &odd);
	pass(run, &p);
	ct_test_udp(&quoted, &ct_test_flow4, CT_DIR_ORIG, 10);
	pass(run, &quoted);
	unreachable.rest = quoted.bytes;
	ct_test_icmp(&p, &ct_test_flow4, CT_DIR_REPLY, &unreachable);
	pass(run, &p);
}

/* What was announced, and what that announces in turn. */
static void expected(struct run *run)
{
	struct ct_test_flow flow = ct_test_flow4;

	memcpy(flow.src, ct_test_flow4.dst, sizeof(flow.src));
	memcpy(flow.dst, ct_test_flow4.src, sizeof(flow.dst));
	flow.dport = ct_test_flow4.sport;
	for (unsigned i = 0; i < 3; i++) {
		struct ct_test_packet p;

		flow.sport = (uint16_t)(7000 + i);
		ct_test_udp(&p, &flow, CT_DIR_ORIG, 10);
		pass(run, &p);
	}
	audit(run);
}

/* More than one chunk, and more private ones than their list began with. */
static void many(struct run *run)
{
	struct ct_pkt pkts[MANY];

	for (uint32_t i = 0; i < MANY; i++) {
		struct ct_test_flow flow = ct_world_flow(i);
		struct ct_test_packet p;

		ct_test_udp(&p, &flow, CT_DIR_ORIG, 10);
		pkts[i] = process(run, i % 2, &p);
	}
	for (uint32_t i = 0; i < MANY; i++) {
		if (i % 5 == 0)
			ct_abandon(run->thr[i % 2], &pkts[i]);
		else if (i % 5 != 1)
			confirm(run, i % 2, &pkts[i]);
	}
	audit(run);
}

static void one_is_owned(struct run *run)
{
	struct ct_test_flow flow = ct_world_flow(MANY + 1);
	struct ct_test_packet p;
	struct ct_pkt pkt;

	ct_test_udp(&p, &flow, CT_DIR_ORIG, 10);
	pkt = process(run, 0, &p);
	if (!pkt.conn)
		return;
	run->owned = ct_conn_get(pkt.conn);
	ct_thread_poll(run->thr[0], run->now_ns);
	confirm(run, 1, &pkt);
}

/* --- What is done to connections ---------------------------------------- */

static int visit(void *user, struct ct_conn *conn)
{
	static const uint8_t labels[16] = { 1 };
	struct run *run = user;
	char line[1024];

	ck_assert_int_gt(ct_conn_text(run->thr[0], conn, CT_TEXT_JSON, line,
				      sizeof(line)),
			 0);
	ct_conn_mark_set(run->thr[0], conn, 5);
	done(run, ct_conn_labels_set(run->thr[0], conn, labels));
	if (!run->has_ext[1] || ct_ext(run->tbl, conn, run->ext[1]))
		return 0;
	if (ct_ext_add(run->thr[0], conn, run->ext[1]))
		ext_alive++;
	else
		run->refused++;
	return 0;
}

static void walk(struct run *run)
{
	uint64_t cursor = 0;

	ck_assert_int_eq(ct_walk(run->thr[0], &cursor, NULL, visit, run), 0);
	ck_assert_uint_eq(cursor, UINT64_MAX);
}

static void polls(struct run *run)
{
	for (unsigned i = 0; i < 6; i++) {
		run->now_ns += CT_WORLD_S;
		ct_thread_poll(run->thr[i % 2], run->now_ns);
	}
	audit(run);
}

/* => NULL, if there is no memory. */
static struct ct_nat_pool *make_pool(struct run *run,
				     const struct ct_nat_pool_config *cfg)
{
	union ct_addr first = { .bytes = { 0xcb, 0, 0x71, 1 } };
	union ct_addr last = { .bytes = { 0xcb, 0, 0x71, 3 } };
	struct ct_nat_pool *pool;

	if (!done(run, ct_nat_pool_create(run->tbl, cfg, &pool)))
		return NULL;
	done(run, ct_nat_pool_add(pool, &first, &last));
	return pool;
}

static void forward_a_port(struct run *run)
{
	struct ct_nat_static map = { .size = sizeof(map),
				     .inside.bytes = { 10, 0, 0, 9 },
				     .inside_id = 80,
				     .l4 = 17 };
	int error = ct_nat_static_add(run->thr[0], run->pool[0], &map);

	if (error != CT_E_NOENT) /* no address could be added */
		done(run, error);
}

static void by_pools(struct run *run)
{
	struct ct_nat_pool_config cfg = { .size = sizeof(cfg) };
	union ct_addr first = { .bytes = { 0xcb, 0, 0x71, 1 } };

	cfg.min_id = 64000;
	cfg.hold_s = 1;
	cfg.max_conns = 100;
	run->pool[0] = make_pool(run, &cfg);
	cfg.flags = CT_POOL_OVERLOAD;
	cfg.mapping = CT_NAT_ON_ADDRESS_PORT;
	run->pool[1] = make_pool(run, &cfg);
	for (unsigned i = 0; i < 2; i++) {
		run->by = run->pool[i];
		ct_flush(run->thr[0], NULL);
		polls(run);
		every_protocol(run);
		many(run);
		if (run->by)
			ct_nat_pool_remove(run->thr[0], run->by, &first);
		audit(run);
	}
	if (run->pool[0])
		forward_a_port(run);
	polls(run);
}

static void send(struct run *run, struct ct_pkt *pkt)
{
	struct ct_pkt piece = { 0 };

	while (ct_frag_next(run->thr[0], pkt, &piece))
		ck_assert_ptr_nonnull(piece.data);
	run->refused += pkt->reason == CT_R_NO_MEMORY;
}

static void fragment(struct run *run, const struct ct_test_packet *whole,
		     struct ct_test_part part)
{
	struct ct_test_packet p;
	struct ct_pkt pkt;
	enum ct_verdict verdict;

	ct_test_cut(&p, whole, part);
	pkt = ct_test_pkt(&p);
	verdict = ct_process(run->thr[0], &pkt, CT_HOOK_PREROUTING);
	if (verdict == CT_DROP) {
		expect_gone(run, pkt.reason);
		run->refused++;
	} else if (verdict == CT_ACCEPT) {
		confirm(run, 0, &pkt);
		send(run, &pkt);
	}
}

/* Put together, then passed; some wait in vain. */
static void fragments(struct run *run)
{
	struct ct_test_packet whole;

	for (uint64_t mode = 1; mode <= 2; mode++) {
		ck_assert_int_eq(ct_param_set(run->tbl, "frag.mode", mode), 0);
		for (uint32_t i = 0; i < 4; i++) {
			uint32_t id = 4 * (uint32_t)mode + i;

			ct_test_udp(&whole,
				    i % 2 ? &ct_test_flow6 : &ct_test_flow4,
				    CT_DIR_ORIG, 1000);
			fragment(run, &whole,
				 (struct ct_test_part){ id, 800, 0 });
			fragment(run, &whole,
				 (struct ct_test_part){ id, 0, 400 });
			if (i < 2)
				fragment(run, &whole,
					 (struct ct_test_part){ id, 400, 400 });
		}
		audit(run);
		polls(run);
	}
}

static void traffic(struct run *run)
{
	polls(run);
	every_protocol(run);
	audit(run);
	expected(run);
	fragments(run);
	one_is_owned(run);
	many(run);
	walk(run);
	audit(run);
	polls(run);
	ck_assert_int_ge(ct_flush(run->thr[0], NULL), 0);
	polls(run);
	run->nat = true;
	every_protocol(run);
	many(run);
	by_pools(run);
	polls(run);
	ck_assert_int_ge(ct_flush(run->thr[0], NULL), 0);
	polls(run);
	run->over = true;
	every_protocol(run);
	done(run, ct_maintain(run->tbl, run->now_ns + 100 * CT_WORLD_S, 0));
	polls(run);
}

/* --- The whole ---------------------------------------------------------- */

static void prepare(struct run *run)
{
	static const struct ct_policy_timeout timeout = { "udp.timeout", 60,
							  0 };
	const struct ct_policy_def def = { .size = sizeof(def),
					   .flags = CT_POLICY_MARK |
						    CT_POLICY_LABELS,
					   .mark = 4,
					   .labels = { 2 },
					   .helper = "talks",
					   .timeouts = &timeout,
					   .n_timeouts = 1 };

	ck_assert_int_eq(ct_param_set(run->tbl, "acct", 1), 0);
	ck_assert_int_eq(ct_param_set(run->tbl, "timestamp", 1), 0);
	run->has_ext[0] =
		done(run, ct_ext_register(run->tbl, &always_ops, &run->ext[0]));
	run->has_ext[1] =
		done(run, ct_ext_register(run->tbl, &demand_ops, &run->ext[1]));
	done(run, ct_helper_register(run->tbl, &fail_talks));
	done(run, ct_policy_create(run->tbl, &def, &run->policy));
	for (unsigned i = 0; i < 2; i++)
		done(run, ct_subscribe(run->tbl, CT_EV_ALL, note, run,
				       &run->sub[i]));
	ct_unsubscribe(run->tbl, run->sub[1]);
}

static void scenario(struct run *run)
{
	struct ct_host host = { .size = sizeof(host) };
	struct ct_mem_report report = { .size = sizeof(report) };
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .host = &host,
				       .max_conns = 2000 };

	ct_test_alloc_host(&run->mem, &host);
	run->now_ns = CT_WORLD_START;
	ext_alive = 0;
	if (!done(run, ct_table_create(&cfg, &run->tbl)))
		return;
	prepare(run);
	for (unsigned i = 0; i < 2; i++)
		done(run, ct_thread_attach(run->tbl, &run->thr[i]));
	if (run->thr[0] && run->thr[1])
		traffic(run);
	else
		done(run, ct_maintain(run->tbl, run->now_ns, 0));
	ct_conn_put(run->tbl, run->owned);
	/* Growth is put off, not refused; the report tells why. */
	ck_assert_int_eq(ct_mem_report(run->tbl, &report), 0);
	run->refused += report.refused > 0;
	ct_thread_detach(run->thr[0]);
	ct_thread_detach(run->thr[1]);
	ct_table_destroy(run->tbl);
	ck_assert_uint_eq(ext_alive, 0);
}

/* => False when no call was refused, n being larger than their number. */
static bool run_with(uint64_t n,
		     void (*refuse)(struct ct_test_alloc *mem, uint64_t n))
{
	static struct run run;

	memset(&run, 0, sizeof(run));
	ct_test_alloc_init(&run.mem);
	refuse(&run.mem, n);
	scenario(&run);
	ct_test_alloc_leaks(&run.mem);
	if (!ct_test_alloc_failed(&run.mem)) {
		ck_assert_uint_eq(run.refused, 0);
		return false;
	}
	/* Nothing fails in silence. */
	ck_assert_msg(run.refused > 0, "call %u failed and nobody said so",
		      (unsigned)n);
	return true;
}

START_TEST(no_single_failure_does_harm)
{
	uint64_t n = 1;

	while (run_with(n, ct_test_alloc_fail_nth))
		ck_assert_uint_lt(n++, N_MAX);
	ck_assert_uint_gt(n, 15);
}
END_TEST

START_TEST(memory_may_be_gone_for_good)
{
	uint64_t n = 1;

	while (run_with(n, ct_test_alloc_fail_from))
		ck_assert_uint_lt(n++, N_MAX);
	ck_assert_uint_gt(n, 15);
}
END_TEST

/* The table's own limit in bytes fails in the same way. */
START_TEST(limit_in_bytes_does_no_harm)
{
	struct ct_host host = { .size = sizeof(host) };
	struct ct_config cfg = { .size = sizeof(cfg),
				 .host = &host,
				 .max_conns = 2000 };
	int error = CT_E_NOMEM;

	for (cfg.max_bytes = 4096; error; cfg.max_bytes += 4096) {
		static struct run run;

		memset(&run, 0, sizeof(run));
		ct_test_alloc_init(&run.mem);
		ct_test_alloc_host(&run.mem, &host);
		run.now_ns = CT_WORLD_START;
		run.bound = true;
		error = ct_table_create(&cfg, &run.tbl);
		for (unsigned i = 0; i < 2 && !error; i++)
			error = ct_thread_attach(run.tbl, &run.thr[i]);
		if (!error)
			traffic(&run);
		ck_assert_uint_le(atomic_load(&run.mem.bytes), cfg.max_bytes);
		ct_conn_put(run.tbl, run.owned);
		ct_thread_detach(run.thr[0]);
		ct_thread_detach(run.thr[1]);
		ct_table_destroy(run.tbl);
		ct_test_alloc_leaks(&run.mem);
		if (!error && run.refused)
			error = CT_E_NOMEM; /* more is wanted still */
	}
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("memory");
	TCase *tc = tcase_create("memory");

	tcase_set_timeout(tc, 100);
	tcase_add_test(tc, no_single_failure_does_harm);
	tcase_add_test(tc, memory_may_be_gone_for_good);
	tcase_add_test(tc, limit_in_bytes_does_no_harm);
	suite_add_tcase(suite, tc);
	return suite;
}
