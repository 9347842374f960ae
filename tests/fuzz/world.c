/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table and its host: beginning and end; see world.h.
 */
#include "world.h"

#include "audit.h"

#include <stdlib.h>
#include <string.h>

/* Shortly before the internal clock of 32 bits wraps: 497 days. */
#define BEFORE_THE_WRAP ((uint64_t)UINT32_MAX * 10000000u - 20000000000u)

static void policies_make(struct world *w)
{
	static const struct ct_policy_timeout timeouts[] = {
		{ .name = "udp.timeout", .seconds = 1 },
		{ .name = "tcp.timeout.established", .seconds = 3 },
	};
	struct ct_policy_def defs[POLICIES] = {
		{ .flags = CT_POLICY_ZONE_ORIG | CT_POLICY_MARK,
		  .zone = 3,
		  .mark = 7,
		  .helper = "tftp" },
		{ .flags = CT_POLICY_NOTRACK },
		{ .flags = CT_POLICY_LABELS,
		  .labels = { 1, 2, 3 },
		  .helper = "fuzz" },
		{ .flags = CT_POLICY_EVENTS,
		  .events = CT_EV_NEW | CT_EV_RELATED | CT_EV_DESTROY,
		  .timeouts = timeouts,
		  .n_timeouts = 2 },
	};

	for (unsigned i = 0; i < POLICIES; i++) {
		defs[i].size = sizeof(defs[i]);
		if (ct_policy_create(w->tbl, &defs[i], &w->policies[i]))
			w->policies[i] = NULL;
	}
}

static void set(struct world *w, const char *name, uint64_t value)
{
	if (ct_param_set(w->tbl, name, value))
		fuzz_wrong("a parameter cannot be set");
}

bool world_make(struct world *w, struct fuzz_in *in)
{
	static const uint32_t sizes[] = { 1, 16, 64, 1000 };
	uint8_t how = fuzz_u8(in);
	struct ct_config cfg = { .size = sizeof(cfg) };
	struct ct_host host;

	memset(w, 0, sizeof(*w));
	fuzz_host(&host, &w->mem);
	cfg.host = &host;
	cfg.max_conns = sizes[how % 4];
	cfg.profile = how & 4 ? CT_PROFILE_LINUX : CT_PROFILE_RECOMMENDED;
	w->mem.refusals = how & 128 ? fuzz_u16(in) : 0;
	if (ct_table_create(&cfg, &w->tbl)) {
		if (w->mem.blocks)
			fuzz_wrong("a failed create leaves memory behind");
		return false;
	}
	set(w, "acct", how >> 3 & 1);
	set(w, "timestamp", how >> 4 & 1);
	set(w, "checksum", how >> 5 & 1);
	set(w, "overflow.linux_buckets", how & 64 ? 8 : 1024);
	if ((how & 96) == 96) {
		set(w, "overflow.syn_proxy", 1);
		set(w, "overflow.low", 250);
		set(w, "overflow.half_open.max", 8);
		set(w, "overflow.half_open.source", 4);
		set(w, "overflow.probe", 1);
		set(w, "overflow.reset", 1);
	}
	w->now_ns = BEFORE_THE_WRAP;
	w->mem.refusals = 0;
	if (ct_helper_register(w->tbl, &fuzz_helper))
		fuzz_wrong("a helper cannot be registered");
	policies_make(w);
	if (ct_subscribe(w->tbl, (uint32_t)CT_EV_ALL | CT_EV_EXPECT, watch, w,
			 &w->sub))
		fuzz_wrong("no subscription");
	return true;
}

struct ct_thread *world_handle(struct world *w, unsigned n)
{
	n %= HANDLES;
	if (!w->thr[n]) {
		if (ct_thread_attach(w->tbl, &w->thr[n])) {
			w->thr[n] = NULL;
			return NULL;
		}
		w->offline[n] = false;
		w->seen_ns[n] = 0;
	}
	if (w->offline[n]) {
		ct_thread_online(w->thr[n]);
		w->offline[n] = false;
	}
	if (w->seen_ns[n] == 0) {
		ct_thread_poll(w->thr[n], w->now_ns);
		w->seen_ns[n] = w->now_ns;
	}
	return w->thr[n];
}

void world_forget(struct world *w, unsigned handle)
{
	for (unsigned i = 0; i < FLIGHTS; i++) {
		struct flight *flight = &w->flights[i];

		if (!flight->pkt.data || flight->handle != handle)
			continue;
		if (!flight->owned)
			flight_end(w, flight);
		/* What was put together is gone. */
		flight->pkt.flags = 0;
	}
}

static void give_up_everything(struct world *w)
{
	for (unsigned i = 0; i < FLIGHTS; i++)
		if (w->flights[i].pkt.data)
			flight_end(w, &w->flights[i]);
	for (unsigned i = 0; i < OWNED; i++)
		ct_conn_put(w->tbl, w->owned[i]);
}

static void expect_report(struct world *w)
{
	struct ct_mem_report report = { .size = sizeof(report) };

	if (ct_mem_report(w->tbl, &report))
		fuzz_wrong("no report");
	if (report.total != w->mem.bytes)
		fuzz_wrong("the table's count of its bytes is wrong");
	if (report.buckets + report.conns + report.overflow + report.on_demand +
		    report.handles + report.other !=
	    report.total)
		fuzz_wrong("the parts of the report do not add up");
}

/* Nothing owned, nothing on its way: a flush must leave nothing. */
static void expect_empty(struct world *w)
{
	struct ct_stats stats = { .size = sizeof(stats) };
	struct ct_thread *thr = world_handle(w, 0);

	if (!thr)
		fuzz_wrong("cannot attach");
	ct_flush(thr, NULL);
	world_drop_pools(w, thr);
	for (unsigned i = 0; i < 4; i++)
		ct_thread_poll(thr, w->now_ns);
	world_expect_no_pools(w);
	/* What has expired is no part of a walk. */
	if (ct_maintain(w->tbl, w->now_ns, 0))
		fuzz_wrong("cannot maintain");
	if (ct_stats(w->tbl, &stats))
		fuzz_wrong("no numbers");
	if (stats.conns)
		fuzz_wrong("connections are left after a flush");
	expect_report(w);
	if (w->n_alive)
		fuzz_wrong("a NEW without its DESTROY");
	if (w->n_expected)
		fuzz_wrong("an EXPECT_NEW without its EXPECT_DESTROY");
}

/* No place was lost: the table takes as many connections as it says. */
static void fill(struct world *w)
{
	struct ct_stats stats = { .size = sizeof(stats) };
	uint64_t max, n = 0;

	if (ct_param_get(w->tbl, "max_conns", &max))
		fuzz_wrong("no limit");
	w->n_floods = 0;
	for (uint8_t block = 0; n < max; block++) {
		uint8_t some = (uint8_t)(max - n < 255 ? max - n : 255);
		const uint8_t flood[] = { some, block };
		struct fuzz_in in = { flood, sizeof(flood) };

		world_flood(w, &in);
		n += some;
	}
	if (ct_stats(w->tbl, &stats) || stats.conns != max)
		fuzz_wrong("the table is not what it was");
}

void world_end(struct world *w)
{
	const char *sentence;

	w->mem.refusals = 0;
	give_up_everything(w);
	for (unsigned i = 1; i < HANDLES; i++)
		ct_thread_detach(w->thr[i]);
	expect_empty(w);
	fill(w);
	expect_empty(w);
	sentence = ct_table_check(w->tbl);
	if (sentence)
		fuzz_wrong(sentence);
	ct_thread_detach(w->thr[0]);
	ct_table_destroy(w->tbl);
	if (w->mem.blocks || w->mem.bytes)
		fuzz_wrong("memory is left behind");
}
