/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bursts of random packets: one table is shown them by the burst verbs, its
 * twin by the single ones.  Nothing that a host can see may differ: answers,
 * verdicts, the packets' bytes, events, ids, counters, the table.
 *
 * A thread whose steps are explained predicts nothing (lib/predict.h); where the
 * twin is such a one, that nothing differs says that predictions come true.
 *
 * Packets are few flows' in any mix, so that a burst holds a connection's whole
 * life: opener and successor, reset and reopening, errors about it, rubbish.
 */
#include "nat.h"
#include "suite.h"
#include "world.h"

#include <string.h>

enum {
	SEEDS = 15,
	BURSTS = 40, /* a seed */
	BURST_MAX = 80,
	FLOWS = 10, /* a protocol; every other one is IPv6 */
	FEW = 12,   /* connections in a table that is often full */
	LOG_LEN = 1 << 16,
	REFUSED_PORT = 81
};

/* One of the twins. */
struct side {
	struct ct_world w;
	const struct ct_policy *policies[3]; /* the first is none */
	struct ct_test_packet bytes[BURST_MAX];
	struct ct_pkt pkts[BURST_MAX];
	struct ct_pkt *burst[BURST_MAX];
	enum ct_verdict verdicts[BURST_MAX];
	char log[LOG_LEN]; /* events, then a dump */
	size_t log_len;
};

/* What the next packet of a TCP flow would be, if all went well. */
struct life {
	unsigned step;
	uint32_t base; /* grows with each new connection */
};

/* One step of a life. */
struct step {
	enum ct_dir dir;
	uint8_t flags;
	uint32_t seq; /* from the base */
	uint32_t ack;
};

static struct side sides[2];
static struct life lives[FLOWS];
static uint64_t seen[CT_REASON_MAX]; /* by all seeds */
static bool explained;               /* what the twin does */
static unsigned n_explained;
static uint64_t rng;

enum { F = CT_TEST_FIN, S = CT_TEST_SYN, R = CT_TEST_RST, A = CT_TEST_ACK };

static const struct step steps[] = {
	{ CT_DIR_ORIG, S, 0, 0 },     { CT_DIR_REPLY, S | A, 5000, 1 },
	{ CT_DIR_ORIG, A, 1, 5001 },  { CT_DIR_ORIG, A, 1, 5001 },
	{ CT_DIR_REPLY, A, 5001, 1 }, { CT_DIR_ORIG, F | A, 1, 5001 },
	{ CT_DIR_REPLY, A, 5001, 2 }, { CT_DIR_REPLY, F | A, 5001, 2 },
	{ CT_DIR_ORIG, A, 2, 5002 },
};

enum { STEPS = sizeof(steps) / sizeof(*steps) };

static unsigned pick(unsigned n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (unsigned)(rng >> 33) % n;
}

/* --- Packets ------------------------------------------------------------ */

/* Some flows have another source outside, one of their own. */
static bool translated(unsigned n)
{
	return n % 4 == 2 || n % 4 == 3;
}

static struct ct_nat_range outside(unsigned n)
{
	struct ct_nat_range range =
		n % 2 ? ct_nat_to6((uint8_t)(1 + n))
		      : ct_nat_to(0xcb007100u + n); /* 203.0.113.n */

	/* And some have another port. */
	if (n % 8 < 4)
		range = ct_nat_ports(range, (uint16_t)(20000 + n),
				     (uint16_t)(20000 + n));
	return range;
}

/* A flow as packets of a direction see it. */
static struct ct_test_flow flow(unsigned n, enum ct_dir dir)
{
	struct ct_test_flow flow = n % 2 ? ct_world_flow6(n) : ct_world_flow(n);
	const struct ct_nat_range range = outside(n);

	if (n % 5 == 4)
		flow.dport = REFUSED_PORT;
	if (translated(n) && dir == CT_DIR_REPLY)
		memcpy(flow.src, &range.min_addr, sizeof(flow.src));
	if (translated(n) && dir == CT_DIR_REPLY && range.min_id)
		flow.sport = range.min_id;
	return flow;
}

static void segment(struct ct_test_packet *p)
{
	static const uint8_t odd[] = { S, S | A, A, F | A, R, R | A, 0, S | F };
	unsigned n = pick(FLOWS);
	struct life *life = &lives[n];
	const struct step *step = &steps[life->step];
	const struct ct_test_flow f = flow(n, step->dir);
	static const uint8_t stamp[12] = { 1, 1, 8, 10 };
	struct ct_test_segment seg = { .win = (uint16_t)(pick(9) * 4096) };

	seg.flags = step->flags;
	seg.seq = life->base + step->seq;
	seg.ack = step->flags & A ? life->base + step->ack : 0;
	if (seg.flags == A) {
		seg.len = pick(3) * 100;
		seg.ack -= pick(3) * 50;
		seg.options = pick(2) ? stamp : NULL;
		seg.options_len = seg.options ? sizeof(stamp) : 0;
	}
	if (!pick(4)) /* something else, which may be right or not */
		seg.flags = odd[pick(sizeof(odd))];
	else if (!pick(16))
		seg.seq += 1u << 24;
	else
		life->step = (life->step + 1) % STEPS;
	if (!life->step || (seg.flags & R && !pick(2))) {
		life->step = 0;
		life->base += 100000;
	}
	ct_test_tcp(p, &f, step->dir, &seg);
}

static void datagram(struct ct_test_packet *p)
{
	enum ct_dir dir = (enum ct_dir)pick(2);
	const struct ct_test_flow f = flow(pick(FLOWS), dir);

	ct_test_udp(p, &f, dir, pick(20));
	if (!pick(8)) /* no checksum (RFC 768) */
		memset(p->bytes + ct_test_l4_off(p) + 6, 0, 2);
}

static void query(struct ct_test_packet *p)
{
	enum ct_dir dir = (enum ct_dir)pick(2);
	const struct ct_test_flow f = flow(pick(FLOWS), dir);
	struct ct_test_icmp icmp = { .id = (uint16_t)pick(2) };

	if (f.l3 == CT_L3_IPV4)
		icmp.type = dir == CT_DIR_ORIG ? 8 : 0;
	else
		icmp.type = dir == CT_DIR_ORIG ? 128 : 129;
	ct_test_icmp(p, &f, dir, &icmp);
}

/* "Port unreachable", about a packet in the other direction. */
static void error(struct ct_test_packet *p)
{
	struct ct_test_packet quoted;
	enum ct_dir dir = (enum ct_dir)pick(2);
	const struct ct_test_flow f = flow(
		pick(FLOWS), dir == CT_DIR_ORIG ? CT_DIR_REPLY : CT_DIR_ORIG);
	struct ct_test_icmp icmp = { .type = 3, .code = 3 };

	if (f.l3 == CT_L3_IPV6) {
		icmp.type = 1;
		icmp.code = 4;
	}
	ct_test_udp(&quoted, &f, dir, 4);
	icmp.rest = quoted.bytes;
	icmp.rest_len = pick(5) ? quoted.len : 11;
	ct_test_icmp(p, &f, dir == CT_DIR_ORIG ? CT_DIR_REPLY : CT_DIR_ORIG,
		     &icmp);
}

static void unknown(struct ct_test_packet *p)
{
	enum ct_dir dir = (enum ct_dir)pick(2);
	const struct ct_test_flow f = flow(pick(FLOWS), dir);
	const struct ct_test_l4 l4 = { 253, "anything", 8 };

	ct_test_raw(p, &f, dir, &l4);
}

static void build(struct ct_test_packet *p)
{
	static void (*const kinds[])(struct ct_test_packet *) = {
		segment,  segment, segment, segment, datagram,
		datagram, query,   error,   unknown
	};

	kinds[pick(sizeof(kinds) / sizeof(*kinds))](p);
	if (!pick(20))
		p->bytes[pick(p->len)] ^= (uint8_t)(1 + pick(255));
}

/* The same packets for both. */
static void fill(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint16_t zone = pick(8) ? 0 : 1, flags = 0;
		unsigned policy = pick(6) ? 0 : pick(3);
		uint32_t cut = 0;

		build(&sides[0].bytes[i]);
		sides[1].bytes[i] = sides[0].bytes[i];
		if (!pick(30))
			flags = CT_PKT_UNTRACKED;
		if (!pick(30))
			cut = pick(sides[0].bytes[i].len + 1);
		for (unsigned s = 0; s < 2; s++) {
			struct ct_pkt *pkt = &sides[s].pkts[i];

			*pkt = ct_test_pkt(&sides[s].bytes[i]);
			pkt->zone = zone;
			pkt->policy = sides[s].policies[policy];
			pkt->flags = flags;
			pkt->len -= cut;
			sides[s].burst[i] = pkt;
			sides[s].verdicts[i] = CT_STOLEN;
		}
	}
}

/* --- The two ways ------------------------------------------------------- */

/* What a rule says of a source inside. */
static enum ct_verdict map(struct ct_thread *thr, struct ct_pkt *pkt,
			   const union ct_addr *src)
{
	unsigned n = src->bytes[pkt->l3 == CT_L3_IPV4 ? 3 : 15];
	const struct ct_nat_range range = outside(n);

	/* Not those that seem to be outside already. */
	if (!translated(n) || src->bytes[0] == 203 || src->bytes[5] == 0xff)
		return CT_ACCEPT;
	return ct_nat_setup(thr, pkt, CT_NAT_SRC, &range) ? CT_DROP : CT_ACCEPT;
}

static enum ct_verdict new_conn(void *user, struct ct_thread *thr,
				struct ct_pkt *pkt)
{
	struct ct_tuple t;

	ck_assert_ptr_null(user);
	ct_conn_tuple(pkt->conn, CT_DIR_ORIG, &t);
	if (((const uint8_t *)&t.dst_id)[1] == REFUSED_PORT &&
	    pkt->l4_len % 2 == 0)
		return CT_DROP;
	ct_conn_mark_set(thr, pkt->conn, pkt->l4_len);
	return map(thr, pkt, &t.src);
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

static void same_answers(unsigned n, const char *verb)
{
	for (unsigned i = 0; i < n; i++) {
		struct ct_pkt one = sides[0].pkts[i], other = sides[1].pkts[i];

		ck_assert_msg(sides[0].verdicts[i] == sides[1].verdicts[i],
			      "%s: packet %u of %u: verdicts", verb, i, n);
		ck_assert_msg(id_of(&sides[0], i) == id_of(&sides[1], i),
			      "%s: packet %u of %u: connections", verb, i, n);
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

static void same_tables(void)
{
	struct ct_stats stats[2];

	for (unsigned s = 0; s < 2; s++) {
		uint64_t cursor = 0;

		ct_walk(sides[s].w.thr, &cursor, NULL, dump_conn, &sides[s]);
		memset(&stats[s], 0, sizeof(stats[s]));
		stats[s].size = sizeof(stats[s]);
		ck_assert_int_eq(ct_stats(sides[s].w.tbl, &stats[s]), 0);
		ct_world_audit(&sides[s].w);
	}
	same_log("table");
	ck_assert_mem_eq(&stats[0], &stats[1], sizeof(stats[0]));
}

static void on_trace(void *user, const char *step, const char *text)
{
	(void)user;
	(void)text;
	n_explained += !strcmp(step, "lookup");
}

static void start(struct side *side, uint64_t seed)
{
	static const struct ct_policy_def defs[] = {
		{ .size = sizeof(*defs), .flags = CT_POLICY_NOTRACK },
		{ .size = sizeof(*defs),
		  .flags = CT_POLICY_ZONE_ORIG,
		  .zone = 7 },
	};
	const struct ct_config cfg = {
		.size = sizeof(cfg),
		.max_conns = seed % 4 ? 0 : FEW,
		.profile = seed % 3 ? CT_PROFILE_LINUX : CT_PROFILE_RECOMMENDED
	};
	struct ct_sub *sub;

	ct_world_create(&side->w, &cfg);
	ck_assert_int_eq(ct_param_set(side->w.tbl, "acct", 1), 0);
	ck_assert_int_eq(
		ct_param_set(side->w.tbl, "confirm.clash", seed % 5 == 0), 0);
	/* some small tables have few neighbourhoods, so that one of those
	 * which early drop looks at holds somebody */
	if (seed % 8 == 0)
		ck_assert_int_eq(
			ct_param_set(side->w.tbl, "nf_conntrack_buckets", 8),
			0);
	ck_assert_int_eq(
		ct_subscribe(side->w.tbl, CT_EV_ALL, on_event, side, &sub), 0);
	ct_world_attach(&side->w);
	if (explained && side == &sides[0])
		ct_thread_trace(side->w.thr, on_trace, NULL);
	for (unsigned i = 0; i < 2; i++)
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

	rng = seed * 0x9e3779b97f4a7c15 + 1;
	memset(lives, 0, sizeof(lives));
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

START_TEST(forward_is_one_packet_after_the_other)
{
	static const enum ct_reason reasons[] = {
		CT_R_OPENED,          CT_R_TRACKED,
		CT_R_IGNORED,         CT_R_REOPENED,
		CT_R_CLOSED_BY_RESET, CT_R_RELATED_ERROR,
		CT_R_NOTRACK,         CT_R_L4_CHECKSUM,
		CT_R_IP_TRUNCATED,    CT_R_TCP_FLAGS,
		CT_R_TABLE_FULL,      CT_R_END_EXPIRED,
		CT_R_END_EVICTED,     CT_R_NONE
	};

	memset(seen, 0, sizeof(seen));
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		play(seed, play_forward);
	all_seen(reasons);
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
	tcase_add_test(tc, predictions_come_true);
	suite_add_tcase(suite, tc);
	return suite;
}
