/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small table and its host, as the sequence fuzzer plays them.
 *
 * The host has two handles, which one thread uses in turn, some packets on
 * their way between ct_process() and ct_confirm(), and some connections that
 * it owns.  It keeps the rules of the API: what is borrowed is forgotten at
 * the poll of the handle that gave it.
 */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include "fuzz.h"
#include "host.h"

#include <conntrack/conntrack.h>
#include <conntrack/dump.h>
#include <conntrack/event.h>
#include <conntrack/helper.h>
#include <conntrack/nat_cgn.h>

enum { ROOM = 64 }; /* behind a packet */
enum { HANDLES = 2, FLIGHTS = 8, OWNED = 8, POLICIES = 4, IDS = 1 << 18 };

enum { WORLD_POOLS = 3, WORLD_PROTOCOLS = 18, WORLD_NAT_EVENTS = 18 };

/* A pool, and what its events have told; see pools.c. */
struct world_pool {
	struct ct_nat_pool *pool; /* NULL: not made yet */
	uint8_t l3;
	bool overloads;
	uint32_t ids;                    /* from the first to the last */
	unsigned open[WORLD_NAT_EVENTS]; /* begun and not ended, by kind */
	uint8_t given[4][WORLD_PROTOCOLS][64]; /* ids that are somebody's */
};

/* A packet on its way through the host. */
struct flight {
	struct ct_pkt pkt;     /* data: NULL when the place is free */
	uint8_t *before;       /* its bytes as they were */
	struct ct_conn *owned; /* held, as for a queue; or NULL */
	unsigned handle;       /* that borrows pkt.conn */
};

struct world {
	struct fuzz_mem mem;
	struct ct_table *tbl;
	struct ct_thread *thr[HANDLES]; /* NULL: detached */
	bool offline[HANDLES];
	uint64_t seen_ns[HANDLES]; /* at its last poll */
	uint64_t now_ns;
	unsigned next;    /* packet of the corpus */
	unsigned n_reads; /* of connections */
	unsigned n_floods;

	struct flight flights[FLIGHTS];
	struct ct_conn *owned[OWNED];
	const struct ct_policy *policies[POLICIES];
	struct ct_sub *sub;   /* of the one that watches, always there */
	struct ct_sub *guest; /* comes and goes */

	struct world_pool pools[WORLD_POOLS];

	/* What the watcher knows, by the upper half of an id. */
	uint8_t life[IDS];
	unsigned n_alive;
	unsigned n_expected;
};

/* Does what packets say. */
extern const struct ct_helper_ops fuzz_helper;

/* Make and end it; the end looks for what was left behind. */
bool world_make(struct world *w, struct fuzz_in *in);
void world_end(struct world *w);

/* One step, whatever the input says. */
void world_step(struct world *w, struct fuzz_in *in);

/* A packet's step: process it, and perhaps what comes after. */
void world_packet(struct world *w, struct fuzz_in *in);

/* Packets in bursts. */
void world_burst(struct world *w, struct fuzz_in *in);

/* Many connections at once, so that the table has to grow. */
void world_flood(struct world *w, struct fuzz_in *in);

/* => The handle that the input names, online; NULL when it cannot be had. */
struct ct_thread *world_handle(struct world *w, unsigned n);

/* A handle polls, sleeps or goes: its borrowed pointers end. */
void world_forget(struct world *w, unsigned handle);

/* The input chooses a packet's bytes, and what the host says of it. */
void flight_choose(struct world *w, struct fuzz_in *in, struct ct_pkt *pkt);

/* What an answer says must fit together. */
void expect_answer(const struct ct_pkt *pkt, enum ct_verdict verdict);

/* Mappings for a packet that was processed; translate it, there and back. */
void flight_nat(struct world *w, struct ct_thread *thr, struct fuzz_in *in,
		struct flight *flight);

/* NAT64's part of that: a packet with room in front, and without again; its
 * mapping; what must hold when it has gone over; its way back; an error. */
void frame_open(struct ct_pkt *pkt);
void frame_close(struct ct_pkt *pkt);
void choose_64(struct ct_thread *thr, struct ct_pkt *pkt, struct fuzz_in *in);
void expect_crossed(const struct ct_pkt *pkt, const struct ct_pkt *before);
void way_back_64(struct ct_thread *thr, const struct ct_pkt *pkt);
void complain_64(struct ct_thread *thr, const struct ct_pkt *pkt);

/* An address of NAT's goes away. */
void world_purge(struct world *w, struct fuzz_in *in);

/* Pools: a step; a packet sent to one's address; one's say; the end of all,
 * and what must hold then. */
void world_pool(struct world *w, struct fuzz_in *in);
void flight_aim(const struct world *w, struct fuzz_in *in, struct ct_pkt *pkt);
void choose_pooled(struct world *w, struct ct_thread *thr, struct ct_pkt *pkt,
		   struct fuzz_in *in);
void world_drop_pools(struct world *w, struct ct_thread *thr);
void world_expect_no_pools(const struct world *w);

/* The host's own end of a packet. */
void flight_end(struct world *w, struct flight *flight);
void flight_confirm(struct world *w, struct flight *flight, unsigned handle);
void flight_abandon(struct world *w, struct flight *flight, unsigned handle);

/* Subscribers: one that is strict, and one that meddles. */
void watch(void *user, const struct ct_event_info *ev);
void meddle(void *user, const struct ct_event_info *ev);

/* Read all that can be read of a connection. */
void read_conn(struct world *w, const struct ct_thread *thr,
	       const struct ct_conn *conn);

#endif
