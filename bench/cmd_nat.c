/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd_nat.c - what translation costs
 *
 * Set-up: N new flows, plain, by a range of one address that keeps ids, as
 * masquerading does, by a pool of twenty addresses of which an id has
 * one mapping, and by one address whose ids are overloaded.  Packets: one of a
 * random flow of N, from inside, in UDP, after each flow was answered once.
 * Ids: a pool of twenty addresses that has as many as there are to be
 * connections, at some occupancies; only the choice itself is timed.
 */
#include "commands.h"
#include "opener.h"
#include "round.h"
#include "seat.h"

#include <arpa/inet.h>
#include <conntrack/dump.h>
#include <stdlib.h>
#include <string.h>

enum { ADDRS = 20, MIN_ID = 1024, IDS_MAX = 64512, OUTSIDE = 0xcb007101 };

/* --- Pools -------------------------------------------------------------- */

enum kind { PLAIN, RANGE, POOL_EXACT, POOL_OVERLOADED };

static enum ct_verdict masquerade(void *user, struct ct_thread *thr,
				  struct ct_pkt *pkt)
{
	return ct_nat_masquerade(thr, pkt, user, NULL) ? CT_DROP : CT_ACCEPT;
}

static enum ct_verdict choose(void *user, struct ct_thread *thr,
			      struct ct_pkt *pkt)
{
	return ct_nat_pool_setup(thr, pkt, user) ? CT_DROP : CT_ACCEPT;
}

/* => A pool that has an id for each of so many connections. */
static struct ct_nat_pool *pool_new(struct ct_table *tbl, enum kind kind,
				    uint32_t conns)
{
	uint32_t ids = (conns + ADDRS - 1) / ADDRS;
	struct ct_nat_pool_config cfg = { .size = sizeof(cfg) };
	union ct_addr first = { .v6 = { htonl(OUTSIDE) } };
	union ct_addr last = { .v6 = { htonl(OUTSIDE + ADDRS - 1) } };
	struct ct_nat_pool *pool;
	int error;

	cfg.max_id = (uint16_t)(MIN_ID + (ids < IDS_MAX ? ids : IDS_MAX) - 1);
	cfg.min_id = MIN_ID;
	if (kind == POOL_OVERLOADED) {
		cfg.max_id = UINT16_MAX;
		cfg.flags = CT_POOL_OVERLOAD;
		cfg.mapping = CT_NAT_ON_ADDRESS_PORT;
		last = first;
	}
	error = ct_nat_pool_create(tbl, &cfg, &pool);
	if (!error)
		error = ct_nat_pool_add(pool, &first, &last);
	if (error)
		host_fail(ct_strerror(error));
	return pool;
}

static uint64_t n_exhausted(const struct world *world)
{
	struct ct_stats stats = { .size = sizeof(stats) };

	ct_stats(world->tbl, &stats);
	return stats.reasons[CT_R_NAT_EXHAUSTED];
}

/* --- Set-up ------------------------------------------------------------- */

struct way {
	struct row row;
	struct series to_plain;
	uint64_t n_failed;
};

static void set_up(struct world *world, struct way *way, unsigned n,
		   enum kind kind)
{
	union ct_addr outside = { .v6 = { htonl(OUTSIDE) } };
	uint32_t conns = world->options->conns;
	struct ct_rules rules = { .size = sizeof(rules), .new_conn = choose };

	/* A few more ids than flows, as an operator would have. */
	world_table(world, world_room(conns), WITHOUT_EVENTS);
	if (kind == RANGE) {
		rules.new_conn = masquerade;
		rules.user = &outside;
	} else if (kind != PLAIN) {
		rules.user = pool_new(world->tbl, kind, conns + conns / 16);
	}
	world->rules = kind == PLAIN ? NULL : &rules;
	world_team(world, n, opener_all, NULL);
	way->n_failed += n_exhausted(world);
	world->rules = NULL;
	world_table_end(world);
	row_add(&way->row, world->seat, n, ROW_MEAN);
}

struct setups {
	struct way plain;
	struct way range;
	struct way exact;
	struct way overloaded;
	struct way range_all;
	struct way exact_all;
	struct way overloaded_all;
	struct scaling range_scaling;
	struct scaling exact_scaling;
	struct scaling overloaded_scaling;
};

static void against(struct way *way, const struct way *plain)
{
	series_add(&way->to_plain,
		   limits_last(&way->row.ns) / limits_last(&plain->row.ns));
}

static void setup_round(struct world *world, struct setups *all,
			struct limits *limits)
{
	unsigned n = world->options->threads;

	set_up(world, &all->plain, 1, PLAIN);
	set_up(world, &all->range, 1, RANGE);
	set_up(world, &all->exact, 1, POOL_EXACT);
	set_up(world, &all->overloaded, 1, POOL_OVERLOADED);
	limits_round(limits, world);
	row_compare(&all->plain.row, limits, 1);
	row_compare(&all->range.row, limits, 1);
	row_compare(&all->exact.row, limits, 1);
	row_compare(&all->overloaded.row, limits, 1);
	against(&all->range, &all->plain);
	against(&all->exact, &all->plain);
	against(&all->overloaded, &all->plain);
	if (n == 1)
		return;
	set_up(world, &all->range_all, n, RANGE);
	set_up(world, &all->exact_all, n, POOL_EXACT);
	set_up(world, &all->overloaded_all, n, POOL_OVERLOADED);
	row_compare(&all->range_all.row, limits, n);
	row_compare(&all->exact_all.row, limits, n);
	row_compare(&all->overloaded_all.row, limits, n);
	scaling_add(&all->range_scaling, &all->range.row, &all->range_all.row,
		    limits, n);
	scaling_add(&all->exact_scaling, &all->exact.row, &all->exact_all.row,
		    limits, n);
	scaling_add(&all->overloaded_scaling, &all->overloaded.row,
		    &all->overloaded_all.row, limits, n);
}

static void report_way(const struct way *way, struct report *report,
		       const struct limits *limits, const char *what)
{
	report_begin(report, what);
	row_report(&way->row, report, limits, 1);
	if (way->to_plain.n) {
		report_num(report, "ratio_to_plain",
			   series_median(&way->to_plain), 2);
		report_num(report, "failed", (double)way->n_failed, 0);
	}
	report_end(report);
}

static void report_team(const struct way *way, const struct scaling *scaling,
			struct report *report, const struct limits *limits,
			const char *what)
{
	report_begin(report, what);
	row_report(&way->row, report, limits, report->options->threads);
	report_num(report, "failed", (double)way->n_failed, 0);
	scaling_report(scaling, report);
	report_end(report);
}

/* --- Packets ------------------------------------------------------------ */

static void traffic(struct seat *seat, void *user)
{
	const struct options *options = seat->world->options;
	struct watch watch;
	uint64_t end, n = 0;

	(void)user;
	seat_round(seat);
	watch_start(&watch);
	end = host_ticks() + host_ticks_of_ms(options->ms);
	while (seat_goes_on(seat, &n, end)) {
		seat_data(seat, options->conns, ONE_WAY);
		watch_sample(&watch, seat, seat_forward(seat));
		seat_poll(seat);
		seat->n_packets += seat->n;
	}
	watch_clean(&watch, seat);
}

/* --- Answers ------------------------------------------------------------ */

enum { IP_LEN = 20, UDP_LEN = 8 };

struct answers {
	struct ct_tuple *tuple; /* each connection's reply */
	uint32_t n;
	uint32_t max;
};

static int note_reply(void *user, struct ct_conn *conn)
{
	struct answers *answers = user;

	if (answers->n == answers->max)
		return 1;
	ct_conn_tuple(conn, CT_DIR_REPLY, &answers->tuple[answers->n++]);
	return 0;
}

/* A datagram without data or sum. */
static void answer_one(struct seat *seat, const struct ct_tuple *tuple)
{
	uint8_t bytes[IP_LEN + UDP_LEN] = { 0x45, 0, 0, IP_LEN + UDP_LEN };
	struct ct_pkt pkt = { .data = bytes,
			      .len = sizeof(bytes),
			      .l3 = CT_L3_IPV4,
			      .csum = CT_CSUM_VERIFIED };
	struct ct_pkt *pkts = &pkt;

	bytes[8] = 64;
	bytes[9] = tuple->l4;
	memcpy(bytes + 12, &tuple->src, 4);
	memcpy(bytes + 16, &tuple->dst, 4);
	memcpy(bytes + IP_LEN, &tuple->src_id, 2);
	memcpy(bytes + IP_LEN + 2, &tuple->dst_id, 2);
	bytes[IP_LEN + 5] = UDP_LEN;
	ct_forward_burst(seat->thr, &pkts, 1, NULL, NULL);
	seat->n_bad += pkt.state != CT_ESTABLISHED;
}

/* Every flow is answered once, wherever its packets seem to come from. */
static void answer_all(struct seat *seat, void *user)
{
	struct answers *answers = user;
	uint64_t cursor = 0;

	ct_walk(seat->thr, &cursor, NULL, note_reply, answers);
	for (uint32_t i = 0; i < answers->n; i++)
		answer_one(seat, &answers->tuple[i]);
}

static void answer(struct world *world)
{
	struct answers answers = { .max = world->options->conns };

	answers.tuple = calloc(answers.max, sizeof(*answers.tuple));
	if (!answers.tuple)
		host_fail("no memory for the answers");
	world_team(world, 1, answer_all, &answers);
	free(answers.tuple);
}

/* The packets of two tables take turns. */
struct packets {
	struct row plain;
	struct row translated;
	struct series adds;
};

static void measure_packets(struct world *plain, struct world *translated,
			    struct packets *packets)
{
	world_team(plain, 1, traffic, NULL);
	row_add(&packets->plain, plain->seat, 1, ROW_MEDIAN);
	world_team(translated, 1, traffic, NULL);
	row_add(&packets->translated, translated->seat, 1, ROW_MEDIAN);
	series_add(&packets->adds, limits_last(&packets->translated.ns) -
					   limits_last(&packets->plain.ns));
}

static void run_packets(const struct options *options, struct packets *packets)
{
	struct options udp = *options;
	struct world world[2];
	struct ct_rules rules = { .size = sizeof(rules), .new_conn = choose };

	udp.load.udp = true;
	for (unsigned i = 0; i < 2; i++) {
		world_open(&world[i], &udp, udp.conns);
		world_table(&world[i], world_room(udp.conns), WITHOUT_EVENTS);
		if (i) {
			rules.user = pool_new(world[i].tbl, POOL_EXACT,
					      udp.conns + udp.conns / 16);
			world[i].rules = &rules;
		}
		world_fill(&world[i], 0, udp.conns, STAGE_OPENED);
		answer(&world[i]);
	}
	for (unsigned i = 0; i < udp.rounds; i++)
		measure_packets(&world[0], &world[1], packets);
	for (unsigned i = 0; i < 2; i++) {
		world_table_end(&world[i]);
		world_close(&world[i]);
	}
}

/* --- Ids ---------------------------------------------------------------- */

struct ids {
	struct ct_nat_pool *pool;
	uint32_t used;
	uint32_t n; /* ids at all */
	uint64_t n_tried;
	uint64_t n_failed;
};

/* Choose, and give up: the occupancy stays what it is. */
static void try_ids(struct seat *seat, void *user)
{
	const struct options *options = seat->world->options;
	struct ids *ids = user;
	uint32_t free = ids->n - ids->used;
	unsigned n = !free || free > options->burst ? options->burst : free;
	uint64_t end, start, i = 0;
	struct watch watch;

	seat_round(seat);
	watch_start(&watch);
	end = host_ticks() + host_ticks_of_ms(options->ms);
	do {
		seat_stage(seat, ids->n + (uint32_t)(i % ids->n), 1, n,
			   STAGE_OPENED);
		ct_process_burst(seat->thr, seat->pkts, n, CT_HOOK_PREROUTING,
				 NULL);
		start = host_ticks();
		for (unsigned k = 0; k < n; k++)
			ids->n_failed +=
				ct_nat_pool_setup(seat->thr, seat->pkts[k],
						  ids->pool) != 0;
		watch_sample(&watch, seat, host_ticks() - start);
		for (unsigned k = 0; k < n; k++)
			ct_abandon(seat->thr, seat->pkts[k]);
		seat_poll(seat);
		ids->n_tried += n;
		i += n;
	} while (host_ticks() < end);
	watch_clean(&watch, seat);
}

struct occupancy {
	const char *key;
	double share;
	struct series ns;
	uint64_t n_failed;
	uint64_t n_tried;
};

static void at_occupancy(struct world *world, struct ids *ids,
			 struct occupancy *at)
{
	uint32_t used = (uint32_t)(at->share * ids->n);
	uint32_t free;
	unsigned n;

	world_fill(world, ids->used, used, STAGE_OPENED);
	ids->used = used;
	ids->n_failed = 0;
	ids->n_tried = 0;
	free = ids->n - used;
	n = !free || free > world->options->burst ? world->options->burst
						  : free;
	for (unsigned i = 0; i < world->options->rounds; i++) {
		world_team(world, 1, try_ids, ids);
		series_add(&at->ns,
			   host_ns(samples_part(&world->seat->samples, 0.5)) /
				   n);
	}
	at->n_failed = ids->n_failed;
	at->n_tried = ids->n_tried;
}

static void run_ids(const struct options *options, struct report *report)
{
	struct occupancy at[] = { { .key = "alloc_10_ns", .share = 0.1 },
				  { .key = "alloc_95_ns", .share = 0.95 },
				  { .key = "alloc_999_ns", .share = 0.999 },
				  { .key = "full_ns", .share = 1 } };
	struct ct_rules rules = { .size = sizeof(rules), .new_conn = choose };
	struct ids ids = { .n = options->conns / ADDRS * ADDRS };
	struct world world;
	uint64_t failed = 0;

	world_open(&world, options, options->conns);
	world_table(&world, world_room(options->conns), WITHOUT_EVENTS);
	ids.pool = pool_new(world.tbl, POOL_EXACT, ids.n);
	rules.user = ids.pool;
	world.rules = &rules;
	for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		at_occupancy(&world, &ids, &at[i]);
	report_begin(report, "ids");
	for (unsigned i = 0; i < 3; i++) {
		report_num(report, at[i].key, series_median(&at[i].ns), 1);
		failed += at[i].n_failed;
	}
	report_num(report, "ratio_95",
		   series_median(&at[1].ns) / series_median(&at[0].ns), 2);
	report_num(report, "ratio_999",
		   series_median(&at[2].ns) / series_median(&at[0].ns), 2);
	report_num(report, "full_ns", series_median(&at[3].ns), 1);
	/* Refused while an id was free; not refused when none was. */
	report_num(report, "bad",
		   (double)(failed + at[3].n_tried - at[3].n_failed), 0);
	report_end(report);
	world_table_end(&world);
	world_close(&world);
}

/* --- The command -------------------------------------------------------- */

static void run_setups(const struct options *options, struct report *report)
{
	struct setups all;
	struct limits limits;
	struct world world;

	memset(&all, 0, sizeof(all));
	world_open(&world, options, 1);
	limits_open(&limits, options, options->conns);
	for (unsigned i = 0; i < options->rounds; i++)
		setup_round(&world, &all, &limits);
	report_way(&all.plain, report, &limits, "plain");
	report_way(&all.range, report, &limits, "range");
	report_way(&all.exact, report, &limits, "20 addresses");
	report_way(&all.overloaded, report, &limits, "overloaded");
	if (options->threads > 1) {
		report_team(&all.range_all, &all.range_scaling, report, &limits,
			    "range, all");
		report_team(&all.exact_all, &all.exact_scaling, report, &limits,
			    "20 addresses, all");
		report_team(&all.overloaded_all, &all.overloaded_scaling,
			    report, &limits, "overloaded, all");
	}
	limits_close(&limits);
	world_close(&world);
}

void cmd_nat(const struct options *options, struct report *report)
{
	struct packets packets;

	if (options->conns > ADDRS * IDS_MAX)
		host_fail("twenty addresses have no more ids");
	memset(&packets, 0, sizeof(packets));
	run_setups(options, report);
	run_packets(options, &packets);
	report_begin(report, "packets");
	report_num(report, "plain_ns", series_median(&packets.plain.ns), 2);
	report_num(report, "translated_ns",
		   series_median(&packets.translated.ns), 2);
	report_num(report, "adds_ns", series_median(&packets.adds), 2);
	report_end(report);
	run_ids(options, report);
}
