/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scenario.h - what is simulated, and what comes out of it
 */
#ifndef SCENARIO_H
#define SCENARIO_H

#include "sim.h"

/* What a scenario measures; NAN: not of this one. */
struct result {
	double established_lost; /* % of the legitimate established */
	double refused;          /* % of the legitimate newcomers */
	double handshake_ms;     /* the mean of those completed; 0: none was */
	double stateless;        /* % of packets that met no state, first ones
				    excluded */
	double fairness;         /* Jain's index of what sources got of what
				    they asked; 1: all alike */
	double flood_ns;         /* of the host's time for a flood's packet */
	double bound;            /* % of newcomers that any policy which cannot
				    tell them from the flood's must refuse */
	double recovery_s;       /* until below the soft watermark */
	double nat_lost;         /* % of the translated established */
	double optimum;          /* % of packets without state, had one known
				    what would come */
	double candidates;       /* looked into, for each eviction */
	double lines;            /* of the worth array, likewise */
};

struct size {
	double scale; /* of the table and of what comes; 1: as it is named */
	uint64_t seed;
};

struct scenario {
	const char *name;
	const char *title;
	bool handshakes; /* all policies, those for handshakes as well */
	void (*run)(const struct sim_policy *policy, const struct size *size,
		    struct result *result);
};

extern const struct scenario scenarios[]; /* ends with a name of NULL */

void run_syn_flood(const struct sim_policy *policy, const struct size *size,
		   struct result *result);
void run_syn_flood_slow(const struct sim_policy *policy,
			const struct size *size, struct result *result);
void run_syn_flood_nat(const struct sim_policy *policy, const struct size *size,
		       struct result *result);
void run_udp_spray(const struct sim_policy *policy, const struct size *size,
		   struct result *result);
void run_greedy(const struct sim_policy *policy, const struct size *size,
		struct result *result);
void run_overload(const struct sim_policy *policy, const struct size *size,
		  struct result *result);
void run_steady(const struct sim_policy *policy, const struct size *size,
		struct result *result);
void run_vanish(const struct sim_policy *policy, const struct size *size,
		struct result *result);

/* => Misses of a cache of n places that knows the future (L. A. Belady: "A
 *    study of replacement algorithms", 1966). Flows are numbers below n_flows. */
uint64_t belady_misses(const uint32_t *trace, uint32_t len, uint32_t n_flows,
		       uint32_t n);

/* Fill in what the table itself tells of its searches. */
void result_searches(struct result *result, struct sim *sim);

static inline double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

#endif /* SCENARIO_H */
