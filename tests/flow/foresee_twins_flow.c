/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Set-up in bursts gives what the single verbs give, one after the other.
 */
#include "core/table.h"
#include "nat.h"
#include "natlog.h"
#include "pool.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

enum { MAX_CONNS = 4096, BURST = 32, TCP = 6, UDP = 17 };

static struct ct_world w;
static struct ct_nat_pool *pool;
static struct ct_test_packet bytes[BURST];
static struct ct_pkt pkt[BURST];

/* A number of packets that bursts of 7 and of 32 make up. */
enum { SCRIPT = 7 * BURST, SPANS = 6, ALL_PACKETS = SPANS * SCRIPT };

/* What came of a packet. */
struct outcome {
	int verdict;
	uint32_t src;
	uint16_t id;
	uint16_t reason;
};

struct record {
	struct outcome packet[ALL_PACKETS];
	struct ct_nat_gauge gauge[2];
	unsigned events;
	uint64_t foreseen;
};

static enum ct_verdict rule_or_drop(void *user, struct ct_thread *thr,
				    struct ct_pkt *p)
{
	int error = ct_nat_pool_setup(thr, p, pool);

	(void)user;
	/* Some are let go though they were given a port. */
	return error || p->data[15] % 8 == 3 ? CT_DROP : CT_ACCEPT;
}

/* Flows of two packets: a client's first one and, most often, the same again;
 * of some a reset, so that their ports can be had. */
static void script(struct ct_test_packet *p, unsigned n)
{
	const struct ct_test_segment rst = { .flags = CT_TEST_RST, .seq = 101 };
	unsigned client = n / 2;
	uint8_t l4 = client % 3 ? TCP : UDP;
	struct ct_test_flow flow =
		ct_pool_client(client % 90, (uint16_t)(1000 + client / 90));

	if (l4 == TCP && n % 2 && client % 5 == 0)
		ct_test_tcp(p, &flow, CT_DIR_ORIG, &rst);
	else
		ct_pool_first(p, &flow, l4);
}

static enum ct_verdict by_single_verbs(struct ct_pkt *p)
{
	enum ct_verdict verdict = ct_process(w.thr, p, CT_HOOK_PREROUTING);

	if (verdict == CT_ACCEPT && p->conn &&
	    !(ct_conn_status(p->conn) & (CT_S_CONFIRMED | CT_S_DYING)))
		verdict = rule_or_drop(NULL, w.thr, p);
	if (verdict == CT_ACCEPT)
		verdict = ct_nat_apply(w.thr, p, CT_HOOK_POSTROUTING);
	if (verdict == CT_ACCEPT)
		return ct_confirm(w.thr, p);
	ct_abandon(w.thr, p);
	return verdict;
}

/* So many packets at once; 0: by the single verbs. */
static void play(unsigned at_once, unsigned first, struct outcome *out)
{
	static const struct ct_rules rules = { .size = sizeof(rules),
					       .new_conn = rule_or_drop };
	const unsigned n = at_once ? at_once : 1;
	enum ct_verdict verdict[BURST];
	struct ct_pkt *pkts[BURST];

	for (unsigned i = 0; i < n; i++) {
		script(&bytes[i], first + i);
		pkt[i] = ct_test_pkt(&bytes[i]);
		pkts[i] = &pkt[i];
	}
	if (at_once)
		ct_forward_burst(w.thr, pkts, n, &rules, verdict);
	else
		verdict[0] = by_single_verbs(pkts[0]);
	for (unsigned i = 0; i < n; i++) {
		struct ct_tuple left = ct_nat_tuple(&bytes[i]);

		out[i] = (struct outcome){ .verdict = verdict[i],
					   .src = left.src.v4,
					   .id = left.src_id,
					   .reason = pkt[i].reason };
	}
}

static void play_all(const struct ct_nat_pool_config *cfg, unsigned at_once,
		     struct record *record)
{
	memset(record, 0, sizeof(*record));
	ct_world_start(&w, MAX_CONNS);
	ct_natlog_open();
	pool = ct_pool_new(&w, cfg, 3);
	for (unsigned span = 0; span < SPANS; span++) {
		for (unsigned n = 0; n < SCRIPT; n += at_once ? at_once : 1)
			play(at_once, span * SCRIPT + n,
			     &record->packet[span * SCRIPT + n]);
		/* Half of what is open ends; what is held is due unnoticed. */
		ct_world_wait(&w, 40 * CT_WORLD_S);
		ct_world_settle(&w);
		ct_world_wait(&w, 2 * CT_WORLD_S);
	}
	record->gauge[0] = ct_pool_gauge(pool, 1, UDP);
	record->gauge[1] = ct_pool_gauge(pool, 1, TCP);
	record->events = ct_natlog_all();
	record->foreseen = w.thr->n_foreseen;
	ct_world_clear(&w);
	ck_assert_uint_eq(ct_mappings_users(w.tbl), 0);
	ct_world_end(&w);
}

static const struct {
	uint32_t flags;
	uint8_t mapping;
	uint16_t min_id, max_id; /* 0: as it is */
	uint32_t hold_s;
	bool foreseen;
} kinds[] = {
	{ .foreseen = true },
	{ .min_id = 2000, .max_id = 2063, .foreseen = true },
	{ .min_id = 2000, .max_id = 2199, .hold_s = 1, .foreseen = true },
	{ .flags = CT_POOL_PARITY, .max_id = 1400, .foreseen = true },
	{ .flags = CT_POOL_KEEP_ID, .foreseen = true },
	{ .flags = CT_POOL_UNPAIRED },
	{ .flags = CT_POOL_OVERLOAD,
	  .mapping = CT_NAT_ON_ADDRESS_PORT,
	  .min_id = 2000,
	  .max_id = 2063,
	  .foreseen = true },
	{ .flags = CT_POOL_OVERLOAD,
	  .mapping = CT_NAT_ON_ADDRESS_PORT,
	  .foreseen = true },
};

/* As burst.h promises. */
START_TEST(a_burst_gives_the_ports_that_single_verbs_give)
{
	static const unsigned at_once[] = { 1, 7, BURST };
	static struct record one, burst;
	struct ct_nat_pool_config cfg = ct_natlog_config();

	cfg.flags = kinds[_i].flags;
	cfg.mapping = kinds[_i].mapping;
	cfg.min_id = kinds[_i].min_id;
	cfg.max_id = kinds[_i].max_id;
	cfg.hold_s = kinds[_i].hold_s;
	play_all(&cfg, 0, &one);
	ck_assert_uint_eq(one.foreseen, 0);
	for (unsigned n = 0; n < 3; n++) {
		play_all(&cfg, at_once[n], &burst);
		for (unsigned i = 0; i < ALL_PACKETS; i++)
			ck_assert_msg(memcmp(&one.packet[i], &burst.packet[i],
					     sizeof(one.packet[i])) == 0,
				      "packet %u of bursts of %u: port %u, "
				      "alone %u",
				      i, at_once[n], ntohs(burst.packet[i].id),
				      ntohs(one.packet[i].id));
		ck_assert_mem_eq(one.gauge, burst.gauge, sizeof(one.gauge));
		ck_assert_uint_eq(one.events, burst.events);
		ck_assert_uint_eq(burst.foreseen > 0, kinds[_i].foreseen);
	}
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("foresee_twins");
	TCase *tc = tcase_create("twins");

	tcase_add_loop_test(tc, a_burst_gives_the_ports_that_single_verbs_give,
			    0, sizeof(kinds) / sizeof(kinds[0]));
	suite_add_tcase(suite, tc);
	return suite;
}
