/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A table, a handle and a clock for tests; see world.h.
 */
#include "world.h"

#include "audit.h"

#include <check.h>
#include <conntrack/plugin.h>
#include <string.h>

enum { UDP = 17 };

static unsigned freed;

static void note_freed(void *ext)
{
	(void)ext;
	freed++;
}

static const struct ct_ext_ops watch_ops = {
	.size = sizeof(watch_ops),
	.name = "watch",
	.len = 1,
	.align = 1,
	.flags = CT_EXT_ALWAYS,
	.destroy = note_freed,
};

/* Always the same bytes: a test that fails once fails again. */
static void no_random(void *user, void *buf, size_t len)
{
	uint8_t *bytes = buf;
	uint32_t x = 2463534242u;

	(void)user;
	for (size_t i = 0; i < len; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		bytes[i] = (uint8_t)(x >> 8);
	}
}

void ct_world_create(struct ct_world *w, const struct ct_config *caller)
{
	struct ct_host host = { .size = sizeof(host), .random = no_random };
	struct ct_config cfg = { .size = sizeof(cfg),
				 .profile = CT_PROFILE_LINUX };

	if (caller)
		cfg = *caller;
	if (cfg.host) {
		host.emit = cfg.host->emit;
		host.leaves_with = cfg.host->leaves_with;
	}
	memset(w, 0, sizeof(*w));
	ct_test_alloc_init(&w->mem);
	ct_test_alloc_host(&w->mem, &host);
	cfg.host = &host;
	w->now_ns = CT_WORLD_START;
	ck_assert_int_eq(ct_table_create(&cfg, &w->tbl), 0);
}

void ct_world_watch(struct ct_world *w)
{
	ct_ext_id id;

	freed = 0;
	ck_assert_int_eq(ct_ext_register(w->tbl, &watch_ops, &id), 0);
}

unsigned ct_world_freed(void)
{
	return freed;
}

void ct_world_attach(struct ct_world *w)
{
	ck_assert_int_eq(ct_thread_attach(w->tbl, &w->thr), 0);
	ct_thread_poll(w->thr, w->now_ns);
}

void ct_world_start(struct ct_world *w, uint32_t max_conns)
{
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = max_conns,
				       .profile = CT_PROFILE_LINUX };

	ct_world_create(w, &cfg);
	ct_world_attach(w);
}

void ct_world_audit(struct ct_world *w)
{
	const char *wrong = ct_table_check(w->tbl);

	ck_assert_msg(!wrong, "%s", wrong);
}

void ct_world_end(struct ct_world *w)
{
	if (w->thr)
		ct_world_audit(w);
	ct_thread_detach(w->thr);
	ct_table_destroy(w->tbl);
	ct_test_alloc_leaks(&w->mem);
}

void ct_world_wait(struct ct_world *w, uint64_t ns)
{
	w->now_ns += ns;
	ct_thread_poll(w->thr, w->now_ns);
}

void ct_world_settle(struct ct_world *w)
{
	ct_thread_poll(w->thr, w->now_ns);
	ct_thread_poll(w->thr, w->now_ns);
}

void ct_world_clear(struct ct_world *w)
{
	ct_world_audit(w);
	ct_flush(w->thr, NULL);
	ct_world_settle(w);
	ct_world_settle(w);
}

static void numbered(struct ct_test_flow *flow, uint32_t n, uint8_t *end)
{
	end[0] = (uint8_t)(n >> 16);
	end[1] = (uint8_t)(n >> 8);
	end[2] = (uint8_t)n;
	flow->sport = (uint16_t)(1024 + n % 50000);
}

struct ct_test_flow ct_world_flow(uint32_t n)
{
	struct ct_test_flow flow = ct_test_flow4;

	numbered(&flow, n, flow.src + 1);
	return flow;
}

struct ct_test_flow ct_world_flow6(uint32_t n)
{
	struct ct_test_flow flow = ct_test_flow6;

	numbered(&flow, n, flow.src + 13);
	return flow;
}

static struct ct_pkt process(struct ct_world *w)
{
	struct ct_pkt pkt = ct_test_pkt(&w->p);

	ck_assert_int_eq(ct_process(w->thr, &pkt, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	return pkt;
}

struct ct_pkt ct_world_open(struct ct_world *w, const struct ct_test_flow *flow,
			    enum ct_dir dir)
{
	ct_test_udp(&w->p, flow, dir, 10);
	return process(w);
}

struct ct_pkt ct_world_udp(struct ct_world *w, const struct ct_test_flow *flow,
			   enum ct_dir dir)
{
	struct ct_pkt pkt = ct_world_open(w, flow, dir);

	ck_assert_int_eq(ct_confirm(w->thr, &pkt), CT_ACCEPT);
	return pkt;
}

struct ct_pkt ct_world_tcp(struct ct_world *w, const struct ct_test_flow *flow,
			   enum ct_dir dir, const struct ct_test_segment *seg)
{
	ct_test_tcp(&w->p, flow, dir, seg);
	return process(w);
}

static struct ct_stats stats(const struct ct_world *w)
{
	struct ct_stats stats = { .size = sizeof(stats) };

	ck_assert_int_eq(ct_stats(w->tbl, &stats), 0);
	return stats;
}

uint64_t ct_world_conns(const struct ct_world *w)
{
	return stats(w).conns;
}

uint64_t ct_world_count(const struct ct_world *w, enum ct_reason reason)
{
	return stats(w).reasons[reason];
}

struct ct_tuple ct_world_tuple(const struct ct_test_flow *flow, enum ct_dir dir)
{
	const uint8_t ports[2][2] = {
		{ (uint8_t)(flow->sport >> 8), (uint8_t)flow->sport },
		{ (uint8_t)(flow->dport >> 8), (uint8_t)flow->dport },
	};
	bool orig = dir == CT_DIR_ORIG;
	size_t len = flow->l3 == CT_L3_IPV4 ? 4 : 16;
	struct ct_tuple t;

	memset(&t, 0, sizeof(t));
	t.l3 = flow->l3;
	t.l4 = UDP;
	memcpy(&t.src, orig ? flow->src : flow->dst, len);
	memcpy(&t.dst, orig ? flow->dst : flow->src, len);
	memcpy(&t.src_id, ports[orig ? 0 : 1], 2);
	memcpy(&t.dst_id, ports[orig ? 1 : 0], 2);
	return t;
}

/* SplitMix64 (G. Steele, D. Lea, C. Flood, 2014). */
uint64_t ct_world_key(uint64_t n)
{
	n = (n + 1) * 0x9e3779b97f4a7c15u;
	n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9u;
	n = (n ^ n >> 27) * 0x94d049bb133111ebu;
	return n ^ n >> 31;
}
