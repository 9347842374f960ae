/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world.h - a table, and the threads that feed it
 *
 *	world_open()
 *		world_table()		once a round, or once for all
 *		world_fill()		connections, quickly
 *		world_team(fn)		fn on so many threads at once: timed
 *		world_table_end()
 *	world_close()
 *
 * A seat is what one thread needs: its handle, its random stream, one burst of
 * packets, and room for times.  A seat without a team belongs to whoever made
 * the world; its handle is offline then.
 */
#ifndef WORLD_H
#define WORLD_H

#include "host.h"
#include "options.h"
#include "stat.h"

#include <conntrack/conntrack.h>
#include <conntrack/dump.h>

enum { SEATS_MAX = 16, BURST_MAX = 256 };

/*
 * How far a flow's two senders are.
 *
 * The sender of a direction writes it, and may be another thread than the
 * other direction's.  What the library has not seen yet may not be
 * acknowledged, so it is told apart from what was written.
 */
struct flow_seq {
	_Atomic uint32_t next[CT_DIR_MAX];
	_Atomic uint32_t seen[CT_DIR_MAX];
};

struct seat {
	struct world *world;
	unsigned t;
	unsigned n_team;       /* seats at work */
	uint32_t share;        /* its flows leave this rest */
	uint32_t n_shares;     /* over this */
	struct ct_thread *thr; /* NULL: there is no table */
	uint64_t random;
	uint32_t next_flow; /* for those who open flows one after the other */

	unsigned n; /* packets of the burst */
	struct ct_pkt pkt[BURST_MAX];
	struct ct_pkt *pkts[BURST_MAX];
	uint32_t flow[BURST_MAX];
	uint32_t end[BURST_MAX]; /* sequence number behind the packet */
	uint8_t dir[BURST_MAX];
	uint8_t frame[BURST_MAX][FRAME_MAX];

	/* What a round found out. */
	struct samples samples; /* ticks of each burst */
	struct samples noise;   /* of a loop as long as their median */
	uint64_t n_packets;
	uint64_t ticks;      /* of the bursts that were not interrupted */
	uint64_t n_clean;    /* packets in them */
	uint64_t poll_ticks; /* the same for polls */
	uint64_t n_polled;   /* packets between them */
	uint64_t n_bad;      /* packets with another answer than expected */
	uint64_t n_switches; /* bursts that were interrupted */
	uint64_t n_faults;   /* pages touched for the first time */
	uint64_t n_events;
};

struct world {
	const struct options *options;
	struct workload load; /* a copy that may be changed */
	struct host_mem *mem;
	struct ct_table *tbl;
	const struct ct_policy *policy; /* of packets, or NULL */
	const struct ct_rules *rules;   /* of seat_forward(), or NULL */
	struct seat *seat;              /* SEATS_MAX of them */
	struct flow_seq *seq;
	uint32_t n_seq;
	unsigned n_handles;
	/* Host time is the clock plus skew; or, with a step, step for step. */
	uint64_t skew_ns;
	uint64_t step_ns;
	_Atomic uint64_t stepped_ns;
	pthread_t keeper; /* calls ct_maintain(), with --maintain */
	_Atomic bool keeper_stop;
};

/* => n_flows: those that packets are sent for after the first ones. */
void world_open(struct world *world, const struct options *options,
		uint32_t n_flows);
void world_close(struct world *world);

/* Other packets from now on. */
void world_load(struct world *world, const struct workload *load);

enum world_events { WITHOUT_EVENTS, WITH_EVENTS };

void world_table(struct world *world, uint32_t max_conns,
		 enum world_events events);
void world_table_end(struct world *world);

/* How far a flow is brought. */
enum stage { STAGE_OPENED, STAGE_ANSWERED, STAGE_ESTABLISHED };

/* Flows from..to-1, up to a stage; ends the program when one is refused. */
void world_fill(struct world *world, uint32_t from, uint32_t to,
		enum stage stage);

typedef void (*seat_fn)(struct seat *seat, void *user);

/* Run fn at n seats at once, each on its processor, its handle online. */
void world_team(struct world *world, unsigned n, seat_fn fn, void *user);

uint64_t world_now(struct world *world, unsigned n_packets);

/* => Connections in the table. */
uint64_t world_conns(struct world *world);

/* => Bytes that the allocator gave for each of them. */
double world_bytes_per_conn(struct world *world);

/* A limit for n connections that leaves room for those that are on their way,
 * and leaves the table below its soft watermark: what is measured is traffic
 * without pressure. */
uint32_t world_room(uint32_t conns);

#endif /* WORLD_H */
