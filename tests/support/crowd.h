/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crowd.h - more connections than there is room for
 *
 * The n-th of them is that of ct_world_flow(n).
 */
#ifndef TEST_CROWD_H
#define TEST_CROWD_H

#include "world.h"

#include <conntrack/pressure.h>

void ct_crowd_set(struct ct_world *w, const char *name, uint64_t value);

/* => What a newcomer, by UDP, is told: 0, or why it did not get in. */
unsigned ct_crowd_arrive_by(struct ct_world *w, const struct ct_test_flow *flow,
			    const struct ct_policy *policy, uint16_t zone);
unsigned ct_crowd_arrive(struct ct_world *w, uint32_t n);

/* Many of them: with polls between them; so that each of them gets in. */
void ct_crowd_flood(struct ct_world *w, uint32_t first, uint32_t n);
void ct_crowd_fill(struct ct_world *w, uint32_t first, uint32_t n);

/* Answers, and after three seconds another question: these are assured. */
void ct_crowd_assure(struct ct_world *w, uint32_t first, uint32_t n);

struct ct_conn *ct_crowd_found(struct ct_world *w, uint32_t n);
/* => How many of them there are. */
uint32_t ct_crowd_alive(struct ct_world *w, uint32_t first, uint32_t n);

struct ct_pressure ct_crowd_pressure(struct ct_world *w);

/* The same by TCP. => Its packet, which was confirmed. */
struct ct_pkt ct_crowd_segment(struct ct_world *w, uint32_t n, enum ct_dir dir,
			       uint8_t flags, uint32_t seq, uint32_t ack);
void ct_crowd_establish(struct ct_world *w, uint32_t n);
bool ct_crowd_lives_tcp(struct ct_world *w, uint32_t n);

/* => The n-th flow of one source, 10.99.0.0. */
struct ct_test_flow ct_crowd_greedy(uint32_t n);

const struct ct_policy *ct_crowd_policy(struct ct_table *tbl, uint16_t class_,
					enum ct_overflow_verdict verdict);

#endif /* TEST_CROWD_H */
