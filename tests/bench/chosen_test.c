/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tuples that somebody chose: with either hash, no set of them makes a longer
 * chain or costs more cache lines than random ones do.
 *
 * The random bytes of a table are those of a fixed stream, so that a run is
 * like any other.
 */
#include "base/hash.h"
#include "inside.h"

#include "suite.h"
#include "workload.h"

#include <conntrack/conntrack.h>
#include <conntrack/dump.h>

enum { FLOWS = 10000, BURST = 32, POLLS = 2000, LONGEST = 3, SECRETS = 2 };

/* Lines touched, chosen over random. */
#define DEARER 1.02

/* What a table full of flows is like. */
struct outcome {
	unsigned chain;
	unsigned unkeyed_chain;
	uint64_t alarms;
	uint64_t lines;
};

static void stream(void *user, void *buf, size_t len)
{
	uint64_t *state = user;
	uint8_t *bytes = buf;

	while (len--)
		*bytes++ = (uint8_t)random64(state);
}

static void open_flow(struct ct_thread *thr, const struct workload *load,
		      uint8_t *frame, uint32_t flow)
{
	const struct segment syn = { .seq = workload_isn(flow, CT_DIR_ORIG),
				     .window = 64240,
				     .flags = F_SYN,
				     .options = true };
	struct ct_pkt pkt = { .data = frame + FRAME_L3,
			      .l3 = load->v6 ? CT_L3_IPV6 : CT_L3_IPV4,
			      .csum = CT_CSUM_VERIFIED };

	pkt.len = workload_frame(load, frame, flow, CT_DIR_ORIG, &syn);
	if (ct_process(thr, &pkt, CT_HOOK_PREROUTING) != CT_ACCEPT ||
	    pkt.state != CT_NEW || ct_confirm(thr, &pkt) != CT_ACCEPT)
		ck_abort_msg("flow %u is not taken", flow);
}

static struct outcome try(const struct workload *load, enum ct_hash_kind kind,
			  uint64_t secret)
{
	struct ct_host host = { .size = sizeof(host),
				.user = &secret,
				.random = stream };
	struct ct_config cfg = { .size = sizeof(cfg),
				 .host = &host,
				 .max_conns = FLOWS + FLOWS / 16 };
	struct ct_mem_report report = { .size = sizeof(report) };
	struct outcome outcome;
	struct ct_table *tbl;
	struct ct_thread *thr;
	uint8_t frame[FRAME_MAX];

	ck_assert_int_eq(ct_table_create(&cfg, &tbl), 0);
	ck_assert_int_eq(ct_param_set(tbl, "hash", kind), 0);
	ck_assert_int_eq(ct_thread_attach(tbl, &thr), 0);
	workload_frame_init(load, frame);
	for (uint32_t flow = 0; flow < FLOWS; flow++) {
		open_flow(thr, load, frame, flow);
		if (flow % BURST == 0)
			ct_thread_poll(thr, 1);
	}
	/* The table has the size that it wants. */
	for (unsigned i = 0; i < POLLS; i++)
		ct_thread_poll(thr, 1);
	ck_assert_int_eq(ct_mem_report(tbl, &report), 0);
	outcome.chain = inside_longest_chain(tbl);
	outcome.unkeyed_chain = inside_unkeyed_chain(tbl, load, FLOWS);
	outcome.alarms = report.long_chains;
	outcome.lines = inside_lines(tbl, load, FLOWS);
	ct_thread_detach(thr);
	ct_table_destroy(tbl);
	return outcome;
}

static void compare(enum corpus corpus, bool v6)
{
	const struct workload random = { .v6 = v6 };
	const struct workload chosen = { .corpus = corpus, .v6 = v6 };

	for (unsigned i = 0; i < CT_HASH_KINDS * SECRETS; i++) {
		enum ct_hash_kind kind = (enum ct_hash_kind)(i % CT_HASH_KINDS);
		struct outcome fair = try(&random, kind, i);
		struct outcome met = try(&chosen, kind, i);

		/* Each takes a bucket and a connection at least. */
		ck_assert_uint_ge(fair.lines, 4 * FLOWS);
		ck_assert_uint_ge(met.lines, 4 * FLOWS);
		ck_assert_double_le((double)met.lines,
				    DEARER * (double)fair.lines);
		ck_assert_uint_le(met.chain, LONGEST);
		ck_assert_uint_eq(met.alarms, 0);
	}
}

START_TEST(ip4_tuples_cost_what_random_ones_cost)
{
	static const enum corpus sets[] = { CORPUS_SEQUENTIAL, CORPUS_PORTS,
					    CORPUS_STRIDED, CORPUS_XOR,
					    CORPUS_CHOSEN };

	compare(sets[_i], false);
}
END_TEST

START_TEST(ip6_tuples_cost_what_random_ones_cost)
{
	static const enum corpus sets[] = { CORPUS_SUFFIX, CORPUS_CHOSEN6 };

	compare(sets[_i], true);
}
END_TEST

/* The sets are what they claim to be. */
START_TEST(chosen_tuples_would_ruin_a_hash_without_secret)
{
	const struct workload load[] = { { .corpus = CORPUS_CHOSEN },
					 { .corpus = CORPUS_CHOSEN6,
					   .v6 = true },
					 { .corpus = CORPUS_SPREAD } };

	ck_assert_uint_gt(try(&load[0], CT_HASH_XXH3, 1).unkeyed_chain,
			  2 * LONGEST);
	ck_assert_uint_ge(try(&load[1], CT_HASH_XXH3, 1).unkeyed_chain,
			  FLOWS / 10);
	ck_assert_uint_le(try(&load[2], CT_HASH_XXH3, 1).unkeyed_chain,
			  LONGEST);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("chosen");
	TCase *tc = tcase_create("chosen");

	tcase_add_loop_test(tc, ip4_tuples_cost_what_random_ones_cost, 0, 5);
	tcase_add_loop_test(tc, ip6_tuples_cost_what_random_ones_cost, 0, 2);
	tcase_add_test(tc, chosen_tuples_would_ruin_a_hash_without_secret);
	suite_add_tcase(suite, tc);
	return suite;
}
