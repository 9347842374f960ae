/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bursts of random packets: one table is shown them by the burst verbs, its
 * twin by the single ones.  Nothing that a host can see may differ: answers,
 * verdicts, the packets' bytes, events, ids, counters, the table.
 *
 * A thread whose steps are explained predicts nothing (lib/predict.h); where the
 * twin is such a one, that nothing differs says that predictions come true.
 */
#include "crowd.h"
#include "mix.h"
#include "suite.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

enum {
	SEEDS = 15,
	BURSTS = 40, /* a seed */
	BURST_MAX = 80,
	FEW = 12, /* connections in a table that is often full */
	LOG_LEN = 1 << 16,
	POLICIES = 6
};

/* One of the twins. */
struct side {
	struct ct_world w;
	const struct ct_policy *policies[POLICIES + 1]; /* the first is none */
	struct ct_test_packet bytes[BURST_MAX];
	struct ct_pkt pkts[BURST_MAX];
	struct ct_pkt *burst[BURST_MAX];
	enum ct_verdict verdicts[BURST_MAX];
	char log[LOG_LEN]; /* events and what the host is asked, then a dump */
	size_t log_len;
};

static struct side sides[2];
static struct ct_mix mix;
static uint64_t seen[CT_REASON_MAX]; /* by all seeds */
static bool explained;               /* what the twin does */
static unsigned n_explained;
static uint32_t refused_by; /* of a table that is full most of the time; or 0 */
static unsigned n_asked, n_emitted;

/* Packets of known connections by the ends that are translated: CT_S_SRC_NAT,
 * CT_S_DST_NAT; and by enum ct_csum. */
static uint64_t n_known[4][CT_CSUM_BAD + 1];

static unsigned pick(unsigned n)
{
	return ct_mix_pick(&mix, n);
}

/* The same packets for both. */
static void fill(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned policy = pick(6) ? 0 : pick(POLICIES + 1);
		struct ct_mix_frame frame;

		ct_mix_next(&mix, &frame);
		for (unsigned s = 0; s < 2; s++) {
			struct ct_pkt *pkt = &sides[s].pkts[i];

			sides[s].bytes[i] = frame.p;
			*pkt = ct_mix_pkt(&frame, &sides[s].bytes[i]);
			pkt->policy = sides[s].policies[policy];
			sides[s].burst[i] = pkt;
			sides[s].verdicts[i] = CT_STOLEN;
		}
	}
}

/* --- The two ways ------------------------------------------------------- */

static enum ct_verdict new_conn(void *user, struct ct_thread *thr,
				struct ct_pkt *pkt)
{
	struct ct_tuple t;

	ck_assert_ptr_null(user);
	ct_conn_tuple(pkt->conn, CT_DIR_ORIG, &t);
	if (((const uint8_t *)&t.dst_id)[1] == CT_MIX_PORT &&
	    pkt->l4_len % 2 == 0)
		return CT_DROP;
	ct_conn_mark_set(thr, pkt->conn, pkt->l4_len);
	return ct_mix_map(thr, pkt);
}

static const struct ct_rules rules = { .size = sizeof(rules),
				       .new_conn = new_conn };

static enum ct_verdict forward_one(struct ct_thread *thr, struct ct_pkt *pkt)
{
	enum ct_verdict verdict = ct_process(thr, pkt, CT_HOOK_PREROUTING);

	if (verdict == CT_ACCEPT && pkt->conn &&
	    !(ct_conn_status(pkt->conn) & (CT_S_CONFIRMED | CT_S_DYING)))
		verdict = new_conn(NULL, thr, pkt);
	if (verdict == CT_ACCEPT)
		verdict = ct_nat_apply(thr, pkt, CT_HOOK_PREROUTING);
	if (verdict == CT_ACCEPT)
		verdict = ct_nat_apply(thr, pkt, CT_HOOK_POSTROUTING);
	if (verdict == CT_ACCEPT)
		return ct_confirm(thr, pkt);
	ct_abandon(thr, pkt);
	return verdict;
}

static void same_log(const char *what)
{
	ck_assert_msg(
		sides[0].log_len == sides[1].log_len &&
			!memcmp(sides[0].log, sides[1].log, sides[0].log_len),
		"%s\n--- single\n%.*s\n--- burst\n%.*s", what,
		(int)sides[0].log_len, sides[0].log, (int)sides[1].log_len,
		sides[1].log);
	sides[0].log_len = sides[1].log_len = 0;
}

static uint64_t id_of(const struct side *side, unsigned i)
{
	const struct ct_conn *conn = side->pkts[i].conn;

	return conn ? ct_conn_id(side->w.tbl, conn) : 0;
}

/* Those that bursts were compared by, and not another case again. */
static void count_known(const struct ct_pkt *pkt)
{
	uint32_t status = pkt->conn ? ct_conn_status(pkt->conn) : 0;
	unsigned ends = (status & CT_S_SRC_NAT ? 1 : 0) |
			(status & CT_S_DST_NAT ? 2 : 0);

	if (pkt->reason == CT_R_TRACKED)
		n_known[ends][pkt->csum]++;
}

static void same_answers(unsigned n, const char *verb)
{
	for (unsigned i = 0; i < n; i++) {
		struct ct_pkt one = sides[0].pkts[i], other = sides[1].pkts[i];

		ck_assert_msg(sides[0].verdicts[i] == sides[1].verdicts[i],
			      "%s: packet %u of %u: verdicts", verb, i, n);
		ck_assert_msg(id_of(&sides[0], i) == id_of(&sides[1], i),
			      "%s: packet %u of %u: connections", verb, i, n);
		count_known(&one);
		one.conn = other.conn = NULL;
		one.data = other.data = NULL;
		one.policy = other.policy = NULL;
		memset(one.scratch, 0, sizeof(one.scratch));
		memset(other.scratch, 0, sizeof(other.scratch));
		ck_assert_msg(!memcmp(&one, &other, sizeof(one)),
			      "%s: packet %u of %u: reasons %u, %u", verb, i, n,
			      one.reason, other.reason);
	}
	for (unsigned i = 0; i < n; i++)
		ck_assert_msg(!memcmp(sides[0].bytes[i].bytes,
				      sides[1].bytes[i].bytes,
				      sides[0].bytes[i].len),
			      "%s: packet %u of %u: bytes", verb, i, n);
	same_log(verb);
}

static void play_forward(unsigned n)
{
	struct side *single = &sides[0], *burst = &sides[1];

	for (unsigned i = 0; i < n; i++)
		single->verdicts[i] =
			forward_one(single->w.thr, single->burst[i]);
	ct_forward_burst(burst->w.thr, burst->burst, n, &rules,
			 burst->verdicts);
	same_answers(n, "forward");
}

/* The host drops some packets between the verbs, from both. */
static unsigned drop_some(unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++) {
		bool drop = sides[0].verdicts[i] != CT_ACCEPT || !pick(10);

		for (unsigned s = 0; s < 2; s++) {
			struct ct_pkt *pkt = sides[s].burst[i];

			if (drop)
				ct_abandon(sides[s].w.thr, pkt);
			else
				sides[s].burst[kept] = pkt;
		}
		kept += !drop;
	}
	return kept;
}

static void play_split(unsigned n)
{
	struct side *single = &sides[0], *burst = &sides[1];
	unsigned kept;

	for (unsigned i = 0; i < n; i++)
		single->verdicts[i] = ct_process(
			single->w.thr, single->burst[i], CT_HOOK_PREROUTING);
	ct_process_burst(burst->w.thr, burst->burst, n, CT_HOOK_PREROUTING,
			 burst->verdicts);
	same_answers(n, "process");
	kept = drop_some(n);
	for (unsigned i = 0; i < kept; i++)
		single->verdicts[i] =
			ct_confirm(single->w.thr, single->burst[i]);
	ct_confirm_burst(burst->w.thr, burst->burst, kept, burst->verdicts);
	same_answers(n, "confirm");
}

/* --- Twins -------------------------------------------------------------- */

static void add_line(struct side *side, const char *line)
{
	size_t len = strlen(line);

	ck_assert_uint_lt(side->log_len + len + 1, LOG_LEN);
	memcpy(side->log + side->log_len, line, len);
	side->log[side->log_len + len] = '\n';
	side->log_len += len + 1;
}

static void on_event(void *user, const struct ct_event_info *ev)
{
	char line[1024];

	ck_assert_int_gt(ct_event_text(ev, CT_TEXT_JSON, line, sizeof(line)),
			 0);
	add_line(user, line);
}

static int dump_conn(void *user, struct ct_conn *conn)
{
	struct side *side = user;
	char line[1024];

	ck_assert_int_gt(ct_conn_text(side->w.thr, conn, CT_TEXT_JSON, line,
				      sizeof(line)),
			 0);
	add_line(side, line);
	return 0;
}

static void add_talkers(struct side *side, enum ct_talker_end end)
{
	struct ct_talker talkers[4];
	size_t n = ct_talkers(side->w.tbl, end, talkers, 4);
	char line[64];

	for (size_t i = 0; i < n; i++) {
		snprintf(line, sizeof(line), "talker %02x %llu",
			 talkers[i].addr.bytes[3],
			 (unsigned long long)talkers[i].opened);
		add_line(side, line);
	}
}

static void same_tables(void)
{
	struct ct_pressure pressure[2];
	struct ct_stats stats[2];

	for (unsigned s = 0; s < 2; s++) {
		uint64_t cursor = 0;

		add_talkers(&sides[s], CT_TALKER_SRC);
		add_talkers(&sides[s], CT_TALKER_DST);
		pressure[s] = ct_crowd_pressure(&sides[s].w);

		ct_walk(sides[s].w.thr, &cursor, NULL, dump_conn, &sides[s]);
		memset(&stats[s], 0, sizeof(stats[s]));
		stats[s].size = sizeof(stats[s]);
		ck_assert_int_eq(ct_stats(sides[s].w.tbl, &stats[s]), 0);
		ct_world_audit(&sides[s].w);
	}
	same_log("table");
	ck_assert_mem_eq(&stats[0], &stats[1], sizeof(stats[0]));
	ck_assert_mem_eq(&pressure[0], &pressure[1], sizeof(pressure[0]));
}

static void on_trace(void *user, const char *step, const char *text)
{
	(void)user;
	(void)text;
	n_explained += !strcmp(step, "lookup");
}

/* What the table itself sends, to whom. */
static void on_emit(void *user, const struct ct_pkt *pkt)
{
	struct side *side = user == &sides[0].w.mem ? &sides[0] : &sides[1];
	char line[2 * 40 + 1];

	for (unsigned i = 0; i < 40 && i < pkt->len; i++)
		snprintf(line + 2 * i, 3, "%02x", pkt->data[i]);
	add_line(side, line);
	n_emitted++;
}

/* The host has an opinion of each. */
static enum ct_overflow_verdict on_refusal(void *user, struct ct_thread *thr,
					   struct ct_pkt *pkt,
					   enum ct_reason reason)
{
	static const enum ct_overflow_verdict verdicts[] = {
		CT_OVERFLOW_DROP, CT_OVERFLOW_REJECT, CT_OVERFLOW_UNTRACKED,
		CT_OVERFLOW_STATELESS
	};
	struct side *side = thr == sides[0].w.thr ? &sides[0] : &sides[1];
	char line[64];

	(void)user;
	snprintf(line, sizeof(line), "refused %u, protocol %u", reason,
		 pkt->l4);
	add_line(side, line);
	n_asked++;
	return verdicts[pkt->len % 4];
}

static const struct ct_overflow_ops overflow_ops = {
	.size = sizeof(overflow_ops), .name = "mix", .refused = on_refusal
};

/* Newcomers are refused, as each verdict has it. */
static void refuse_as(struct side *side, uint64_t seed)
{
	const union ct_addr inside = { .bytes = { 10 } };
	const union ct_addr outside = { .bytes = { 44 } };

	ck_assert_int_eq(ct_overflow_register(side->w.tbl, &overflow_ops), 0);
	ck_assert_int_eq(ct_overflow_prefix(side->w.tbl, CT_L3_IPV4, &inside,
					    &outside, 8),
			 0);
	if (!refused_by)
		return;
	ct_crowd_set(&side->w, "overflow.verdict", refused_by);
	ct_crowd_set(&side->w, "overflow.reject.rate", 20);
	ct_crowd_set(&side->w, "overflow.low", 0); /* talkers are noted */
	ct_crowd_set(&side->w, "overflow.policy",
		     seed % 2 ? CT_OVERFLOW_LINUX : CT_OVERFLOW_REFUSE);
}

static void start(struct side *side, uint64_t seed)
{
	static const struct ct_policy_def defs[POLICIES] = {
		{ .size = sizeof(*defs), .flags = CT_POLICY_NOTRACK },
		{ .size = sizeof(*defs),
		  .flags = CT_POLICY_ZONE_ORIG,
		  .zone = 7 },
		{ .size = sizeof(*defs), .overflow = CT_OVERFLOW_REJECT },
		{ .size = sizeof(*defs),
		  .class_ = 3,
		  .overflow = CT_OVERFLOW_UNTRACKED },
		{ .size = sizeof(*defs), .overflow = CT_OVERFLOW_STATELESS },
		{ .size = sizeof(*defs), .overflow = CT_OVERFLOW_CALLBACK },
	};
	const struct ct_host host = { .size = sizeof(host), .emit = on_emit };
	const struct ct_config cfg = {
		.size = sizeof(cfg),
		.host = &host,
		.max_conns = seed % 4 && !refused_by ? 0 : FEW,
		.profile = seed % 3 ? CT_PROFILE_LINUX : CT_PROFILE_RECOMMENDED
	};
	struct ct_sub *sub;

	ct_world_create(&side->w, &cfg);
	ck_assert_int_eq(ct_param_set(side->w.tbl, "acct", 1), 0);
	ck_assert_int_eq(ct_param_set(side->w.tbl, "timestamp", seed % 2), 0);
	ck_assert_int_eq(
		ct_param_set(side->w.tbl, "confirm.clash", seed % 5 == 0), 0);
	ck_assert_int_eq(
		ct_param_set(side->w.tbl, "nat.leak_proof", seed % 4 == 1), 0);
	/* some small tables have few neighbourhoods, so that one of those
	 * which early drop looks at holds somebody */
	if (seed % 8 == 0)
		ck_assert_int_eq(
			ct_param_set(side->w.tbl, "nf_conntrack_buckets", 8),
			0);
	ck_assert_int_eq(
		ct_subscribe(side->w.tbl, CT_EV_ALL, on_event, side, &sub), 0);
	refuse_as(side, seed);
	ct_world_attach(&side->w);
	if (explained && side == &sides[0])
		ct_thread_trace(side->w.thr, on_trace, NULL);
	for (unsigned i = 0; i < POLICIES; i++)
		ck_assert_int_eq(ct_policy_create(side->w.tbl, &defs[i],
						  &side->policies[i + 1]),
				 0);
	side->log_len = 0;
}

static void finish(struct side *side)
{
	for (unsigned reason = 0; reason < CT_REASON_MAX; reason++)
		seen[reason] +=
			ct_world_count(&side->w, (enum ct_reason)reason);
	ct_world_settle(&side->w);
	ct_world_end(&side->w);
}

static void play(uint64_t seed, void (*burst)(unsigned n))
{
	static const uint64_t pauses_ms[] = {
		0, 0, 0, 100, 3000, 40000, 130000
	};

	ct_mix_begin(&mix, seed);
	start(&sides[0], seed);
	start(&sides[1], seed);
	for (unsigned i = 0; i < BURSTS; i++) {
		unsigned n = 1 + pick(i % 2 ? BURST_MAX : 8);
		uint64_t ns = pauses_ms[pick(7)] * 1000000;

		ct_world_wait(&sides[0].w, ns);
		ct_world_wait(&sides[1].w, ns);
		same_log("poll");
		fill(n);
		burst(n);
		same_tables();
	}
	finish(&sides[0]);
	finish(&sides[1]);
}

/* A test over packets that never meet a case says nothing about it. */
static void all_seen(const enum ct_reason *reasons)
{
	for (; *reasons; reasons++)
		ck_assert_msg(seen[*reasons], "never: %s",
			      ct_reason_text(*reasons)->name);
}

static void all_known(void)
{
	for (unsigned ends = 0; ends < 4; ends++)
		for (unsigned csum = 0; csum < CT_CSUM_BAD; csum++)
			ck_assert_msg(n_known[ends][csum] > 20,
				      "ends %u, csum %u", ends, csum);
}

START_TEST(forward_is_one_packet_after_the_other)
{
	static const enum ct_reason reasons[] = { CT_R_OPENED,
						  CT_R_TRACKED,
						  CT_R_IGNORED,
						  CT_R_REOPENED,
						  CT_R_CLOSED_BY_RESET,
						  CT_R_RELATED_ERROR,
						  CT_R_NOTRACK,
						  CT_R_L4_CHECKSUM,
						  CT_R_IP_TRUNCATED,
						  CT_R_TCP_FLAGS,
						  CT_R_L4_TRUNCATED,
						  CT_R_IP_TOTAL_LEN,
						  CT_R_BELOW_WINDOW,
						  CT_R_TCP_ABOVE_WINDOW,
						  CT_R_NAT_UNTRANSLATABLE,
						  CT_R_TABLE_FULL,
						  CT_R_END_EXPIRED,
						  CT_R_END_EVICTED,
						  CT_R_NAT_LEAK,
						  CT_R_NONE };

	memset(seen, 0, sizeof(seen));
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		play(seed, play_forward);
	all_seen(reasons);
	all_known();
}
END_TEST

START_TEST(split_is_all_processed_then_all_confirmed)
{
	static const enum ct_reason reasons[] = {
		CT_R_OPENED,          CT_R_TRACKED,       CT_R_REOPENED,
		CT_R_CLOSED_BY_RESET, CT_R_RELATED_ERROR, CT_R_JOINED,
		CT_R_CLASH,           CT_R_TABLE_FULL,    CT_R_NONE
	};

	memset(seen, 0, sizeof(seen));
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		play(seed, play_split);
	all_seen(reasons);
}
END_TEST

START_TEST(each_newcomer_is_refused_as_if_it_came_alone)
{
	static const enum ct_reason reasons[] = {
		CT_R_TABLE_FULL, CT_R_OVERFLOW_UNTRACKED,
		CT_R_OVERFLOW_STATELESS, CT_R_OVERFLOW_ERROR, CT_R_NONE
	};

	memset(seen, 0, sizeof(seen));
	for (refused_by = CT_OVERFLOW_DROP; refused_by < CT_OVERFLOW_VERDICTS;
	     refused_by++) {
		n_asked = n_emitted = 0;
		for (uint64_t seed = 1; seed <= 2; seed++) {
			play(seed, play_forward);
			play(seed, play_split);
		}
		ck_assert_uint_gt(n_asked, 10);
		ck_assert_uint_gt(n_emitted, 10);
	}
	refused_by = 0;
	all_seen(reasons);
}
END_TEST

/* SYNs of other flows, by every policy but the first. */
static void fill_syns(unsigned n)
{
	const struct ct_test_segment seg = { .flags = CT_TEST_SYN, .seq = 77 };

	for (unsigned i = 0; i < n; i++)
		for (unsigned s = 0; s < 2; s++) {
			struct ct_test_flow flow = ct_world_flow(5000 + i);
			struct side *side = &sides[s];

			ct_test_tcp(&side->bytes[i], &flow, CT_DIR_ORIG, &seg);
			side->pkts[i] = ct_test_pkt(&side->bytes[i]);
			side->pkts[i].policy =
				side->policies[i % 2 ? 0 : 2 + i / 2 % 5];
			side->burst[i] = &side->pkts[i];
		}
}

/* Where nobody is left who could go, a burst's newcomers are not even looked
 * up. */
START_TEST(who_is_not_looked_up_is_refused_alike)
{
	enum { SEED = 7, ROUNDS = 5 };

	for (refused_by = CT_OVERFLOW_DROP; refused_by < CT_OVERFLOW_VERDICTS;
	     refused_by++) {
		for (unsigned s = 0; s < 2; s++) {
			start(&sides[s], SEED);
			ct_crowd_fill(&sides[s].w, 0, FEW);
			ct_crowd_assure(&sides[s].w, 0, FEW);
		}
		n_asked = n_emitted = 0;
		for (unsigned i = 0; i < ROUNDS; i++) {
			fill_syns(BURST_MAX);
			play_split(BURST_MAX);
			same_tables();
		}
		ck_assert_uint_gt(n_asked, ROUNDS);
		ck_assert_uint_gt(n_emitted, 10);
		finish(&sides[0]);
		finish(&sides[1]);
	}
	refused_by = 0;
}
END_TEST

START_TEST(predictions_come_true)
{
	explained = true;
	n_explained = 0;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		play(seed, play_forward);
		play(seed, play_split);
	}
	explained = false;
	ck_assert_uint_gt(n_explained, 1000);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("burst");
	TCase *tc = tcase_create("burst");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, forward_is_one_packet_after_the_other);
	tcase_add_test(tc, split_is_all_processed_then_all_confirmed);
	tcase_add_test(tc, each_newcomer_is_refused_as_if_it_came_alone);
	tcase_add_test(tc, who_is_not_looked_up_is_refused_alike);
	tcase_add_test(tc, predictions_come_true);
	suite_add_tcase(suite, tc);
	return suite;
}
