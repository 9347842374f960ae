/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The steps of the sequence fuzzer other than packets; see world.h.
 */
#include "world.h"

#include <string.h>

#define MS 1000000ull

/* The clock goes on by nothing, by ticks, by seconds, by days. */
static void pass_time(struct world *w, struct fuzz_in *in)
{
	static const uint64_t steps[] = {
		0,         1,          10 * MS,     100 * MS,    1000 * MS,
		3000 * MS, 30000 * MS, 121000 * MS, 601000 * MS, 432001000 * MS,
	};

	w->now_ns += steps[fuzz_u8(in) % (sizeof(steps) / sizeof(*steps))];
}

static void step_poll(struct world *w, struct fuzz_in *in)
{
	uint8_t which = fuzz_u8(in);
	unsigned handle = which % HANDLES;
	struct ct_thread *thr;

	pass_time(w, in);
	thr = world_handle(w, handle);
	if (!thr)
		return;
	/* A clock that stands still or goes back is the host's right. */
	ct_thread_poll(thr, which & 2 ? w->now_ns - 50 * MS : w->now_ns);
	w->seen_ns[handle] = w->now_ns;
	world_forget(w, handle);
}

static void step_maintain(struct world *w, struct fuzz_in *in)
{
	uint8_t budget = fuzz_u8(in);

	pass_time(w, in);
	ct_maintain(w->tbl, w->now_ns, budget % 16);
}

static void step_sleep(struct world *w, struct fuzz_in *in)
{
	unsigned handle = fuzz_u8(in) % HANDLES;

	if (!w->thr[handle] || w->offline[handle])
		return;
	ct_thread_offline(w->thr[handle]);
	w->offline[handle] = true;
	world_forget(w, handle);
}

static void step_detach(struct world *w, struct fuzz_in *in)
{
	unsigned handle = fuzz_u8(in) % HANDLES;

	ct_thread_detach(w->thr[handle]);
	w->thr[handle] = NULL;
	world_forget(w, handle);
}

/* A packet that was left on its way goes on, perhaps elsewhere. */
static void step_flight(struct world *w, struct fuzz_in *in)
{
	uint8_t what = fuzz_u8(in);
	struct flight *flight = &w->flights[what % FLIGHTS];
	unsigned handle = flight->handle;

	if (!flight->pkt.data)
		return;
	if (flight->owned && (what & 64))
		handle = !handle;
	if (what & 128)
		flight_abandon(w, flight, handle);
	else
		flight_confirm(w, flight, handle);
}

struct walk {
	struct world *w;
	struct ct_thread *thr;
	uint8_t what;
	unsigned n;
};

static int visit(void *user, struct ct_conn *conn)
{
	struct walk *walk = user;
	struct world *w = walk->w;
	struct ct_conn **place = &w->owned[walk->n % OWNED];
	uint8_t labels[16] = { walk->what };
	struct ct_tuple t, other;
	struct ct_conn *found, *again;
	enum ct_dir dir;

	read_conn(w, walk->thr, conn);
	ct_conn_tuple(conn, walk->what & 1 ? CT_DIR_ORIG : CT_DIR_REPLY, &t);
	/* With a zone for one direction two may have it, one each way. */
	found = ct_find(walk->thr, &t, &dir);
	if (found)
		ct_conn_tuple(found, dir, &other);
	if (!found || memcmp(&t, &other, sizeof(t)) != 0)
		fuzz_wrong("a walk meets what cannot be found");
	if (ct_find_burst(walk->thr, &t, 1, &again, NULL) != 1 ||
	    again != found)
		fuzz_wrong("a burst finds something else");
	walk->n++;
	switch (walk->what >> 1 & 7) {
	case 1:
		if (ct_conn_delete(walk->thr, conn))
			fuzz_wrong("what a walk meets cannot be deleted");
		break;
	case 2:
		ct_conn_put(w->tbl, *place);
		*place = ct_conn_get(conn);
		break;
	case 3:
		ct_conn_mark_set(walk->thr, conn, walk->what);
		break;
	case 4:
		ct_conn_labels_set(walk->thr, conn, labels);
		break;
	case 5:
		ct_conn_cookie_set(walk->thr, conn, walk->n);
		break;
	default:
		break;
	}
	return walk->what & 128 ? 1 : 0;
}

static struct ct_filter filter_of(struct fuzz_in *in)
{
	struct ct_filter filter = { .size = sizeof(filter) };
	uint8_t how = fuzz_u8(in);

	filter.flags = how % 16;
	filter.zone = how >> 4 & 1;
	filter.mark = how & 32 ? 7 : 0;
	filter.mark_mask = 0xff;
	filter.l4 = how & 64 ? 6 : 17;
	filter.l3 = how & 128 ? CT_L3_IPV6 : CT_L3_IPV4;
	filter.addr.bytes[0] = 10;
	filter.addr.bytes[3] = 2;
	return filter;
}

static void step_walk(struct world *w, struct fuzz_in *in)
{
	struct walk walk = { .w = w, .what = fuzz_u8(in) };
	struct ct_filter filter = filter_of(in);
	uint64_t cursor = walk.what & 64 ? fuzz_u8(in) : 0;

	walk.thr = world_handle(w, 0);
	if (!walk.thr)
		return;
	ct_walk(walk.thr, &cursor, walk.what & 32 ? &filter : NULL, visit,
		&walk);
}

static void step_flush(struct world *w, struct fuzz_in *in)
{
	struct ct_filter filter = filter_of(in);
	struct ct_thread *thr = world_handle(w, 1);

	if (thr)
		ct_flush(thr, filter.flags ? &filter : NULL);
}

/* Owned connections: read them long after their end, and give them back. */
static void step_owned(struct world *w, struct fuzz_in *in)
{
	uint8_t what = fuzz_u8(in);
	struct ct_conn **place = &w->owned[what % OWNED];
	struct ct_thread *thr = world_handle(w, 0);

	if (!*place || !thr)
		return;
	read_conn(w, thr, *place);
	if (what & 8)
		ct_conn_mark_set(thr, *place, what);
	if (what & 16)
		ct_conn_delete(thr, *place);
	if (what & 32) {
		ct_conn_put(w->tbl, *place);
		*place = NULL;
	}
}

static void step_guest(struct world *w, struct fuzz_in *in)
{
	uint32_t events = (uint32_t)fuzz_u16(in) & CT_EV_ALL;

	ct_unsubscribe(w->tbl, w->guest);
	w->guest = NULL;
	if (ct_subscribe(w->tbl, events, meddle, w, &w->guest))
		w->guest = NULL;
}

static void step_param(struct world *w, struct fuzz_in *in)
{
	unsigned n = fuzz_u16(in) % 128;
	uint64_t value = fuzz_u8(in);
	struct ct_param_info info = { .size = sizeof(info) };

	if (ct_param_info(w->tbl, n, &info))
		return;
	/* The watcher must hear everything. */
	if (strcmp(info.name, "events") != 0)
		ct_param_set(w->tbl, info.name, value);
}

static int soonest(void *user, struct ct_conn *conn)
{
	struct walk *walk = user;
	uint32_t left = ct_conn_expires(walk->thr, conn);

	if (left < walk->n)
		walk->n = left;
	return 0;
}

/* The table must not sleep longer than its first connection lives. */
static void step_next(struct world *w, struct fuzz_in *in)
{
	struct walk walk = { .w = w, .n = UINT32_MAX };
	uint64_t cursor = 0;
	uint64_t next;

	(void)in;
	walk.thr = world_handle(w, 0);
	if (!walk.thr)
		return;
	ct_thread_poll(walk.thr, w->now_ns);
	world_forget(w, 0);
	ct_walk(walk.thr, &cursor, NULL, soonest, &walk);
	next = ct_next_expiry(w->tbl);
	if (walk.n < UINT32_MAX &&
	    (next == UINT64_MAX ||
	     (next > w->now_ns &&
	      next - w->now_ns > (walk.n + 1ull) * 1000 * MS + 10 * MS)))
		fuzz_wrong("the next expiry is told too late");
}

static void step_memory(struct world *w, struct fuzz_in *in)
{
	w->mem.refusals = fuzz_u16(in);
}

void world_step(struct world *w, struct fuzz_in *in)
{
	static void (*const steps[])(struct world *, struct fuzz_in *) = {
		step_poll,   step_maintain, step_sleep,  step_detach,
		step_flight, step_walk,     step_flush,  step_owned,
		step_guest,  step_param,    step_next,   step_memory,
		world_burst, world_flood,   world_purge, world_pool,
		world_pool,  world_pool,
	};
	uint8_t what = fuzz_u8(in);

	/* Two of three are packets. */
	if (what >= 0x50)
		world_packet(w, in);
	else
		steps[what % (sizeof(steps) / sizeof(*steps))](w, in);
}
