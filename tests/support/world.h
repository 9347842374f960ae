/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A table, one thread's handle and a clock, as most tests want them, with the
 * counting allocator of alloc.h beneath and the audit of lib/audit.h at hand.
 *
 *	static struct ct_world w;
 *
 *	ct_world_create(&w, &cfg);	... register, set parameters ...
 *	ct_world_attach(&w);		... packets ...
 *	ct_world_end(&w);		fails if anything is left
 *
 * Time is w.now_ns; nothing else moves it.
 */
#ifndef CT_TEST_WORLD_H
#define CT_TEST_WORLD_H

#include "alloc.h"
#include "packet.h"

#include <conntrack/conntrack.h>
#include <conntrack/dump.h>
#include <conntrack/event.h>

#define CT_WORLD_S     UINT64_C(1000000000)
#define CT_WORLD_START (1000 * CT_WORLD_S)

struct ct_world {
	struct ct_test_alloc mem;
	struct ct_table *tbl;
	struct ct_thread *thr; /* NULL: not attached */
	uint64_t now_ns;
	struct ct_test_packet p; /* the last packet built */
};

/* A table with the profile of Linux; cfg may be NULL; of its
 * host, if any, only emit and leaves_with count. */
void ct_world_create(struct ct_world *w, const struct ct_config *cfg);

/* From now on freed connections are counted; before the first attach. */
void ct_world_watch(struct ct_world *w);

/* How many connections were freed so far, in the world that is watched. */
unsigned ct_world_freed(void);

/* The thread's handle, polled at w->now_ns. */
void ct_world_attach(struct ct_world *w);

/* Both, with max_conns connections at most. */
void ct_world_start(struct ct_world *w, uint32_t max_conns);

/* Audit, detach, destroy; fails if the host's memory is not all back. */
void ct_world_end(struct ct_world *w);

/* Fails with the audit's sentence. */
void ct_world_audit(struct ct_world *w);

/* Time passes, and the thread polls. */
void ct_world_wait(struct ct_world *w, uint64_t ns);

/* Two polls more: what was retired before is past its grace period. */
void ct_world_settle(struct ct_world *w);

/* All connections end, and whatever lives on for a grace period behind them. */
void ct_world_clear(struct ct_world *w);

/* A flow like no other n's, from 10.0.0.0/8 to 198.51.100.5:80. */
struct ct_test_flow ct_world_flow(uint32_t n);

/* The same in IPv6. */
struct ct_test_flow ct_world_flow6(uint32_t n);

/* A datagram of ten bytes, processed; it must be accepted. */
struct ct_pkt ct_world_open(struct ct_world *w, const struct ct_test_flow *flow,
			    enum ct_dir dir);

/* The same, and confirmed. */
struct ct_pkt ct_world_udp(struct ct_world *w, const struct ct_test_flow *flow,
			   enum ct_dir dir);

/* A segment, processed; it must be accepted. */
struct ct_pkt ct_world_tcp(struct ct_world *w, const struct ct_test_flow *flow,
			   enum ct_dir dir, const struct ct_test_segment *seg);

/* Connections that the table counts, private ones included. */
uint64_t ct_world_conns(const struct ct_world *w);

/* How often a reason was given. */
uint64_t ct_world_count(const struct ct_world *w, enum ct_reason reason);

/* A datagram's tuple in zone 0, as it is looked up. */
struct ct_tuple ct_world_tuple(const struct ct_test_flow *flow,
			       enum ct_dir dir);

/* => The n-th of many keys that have nothing in common. */
uint64_t ct_world_key(uint64_t n);

#endif /* CT_TEST_WORLD_H */
