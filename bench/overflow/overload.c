/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * overload.c - nobody is hostile, there are just too many
 *
 *	table	8192 connections
 *	idle	a quarter of these, TCP, established and never used again; in
 *		one of the two variants
 *	flows	three times as many, UDP, each packet answered; which one sends
 *		next is drawn by Zipf's law with the exponent 0.9
 *	rate	2000 packets a second: the table's size in four seconds
 *
 * A packet of a flow that was seen before, and meets no state, is what users
 * feel: with NAT its connection would be broken.
 */
#include "scenario.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY = 8192, FLOWS = 3, PACKETS = 60, PER_S = 2000 };

#define EXPONENT 0.9

/* Zipf's law by its sums: => a number below n, the smaller the likelier. */
static uint32_t draw(struct sim *sim, const double *sums, uint32_t n)
{
	double at = (double)(sim_random(sim) >> 11) / 9007199254740992.0 *
		    sums[n - 1];
	uint32_t low = 0, high = n - 1;

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (sums[mid] < at)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static double *sums_of(uint32_t n)
{
	double *sums = calloc(n, sizeof(*sums)), sum = 0;

	if (!sums)
		abort();
	for (uint32_t i = 0; i < n; i++)
		sums[i] = sum += pow(i + 1, -EXPONENT);
	return sums;
}

static uint32_t *trace_of(struct sim *sim, uint32_t len, uint32_t n_flows)
{
	uint32_t *trace = calloc(len, sizeof(*trace));
	double *sums = sums_of(n_flows);

	if (!trace)
		abort();
	for (uint32_t i = 0; i < len; i++)
		trace[i] = draw(sim, sums, n_flows);
	free(sums);
	return trace;
}

static void run(const struct sim_policy *policy, const struct size *size,
		uint32_t n_idle, struct result *result)
{
	const uint32_t capacity = (uint32_t)(CAPACITY * size->scale);
	const uint32_t n_flows = FLOWS * capacity, len = PACKETS * capacity;
	uint64_t again = 0, missed = 0, firsts = 0;
	uint8_t *seen = calloc(n_flows, 1);
	struct sim sim;
	uint32_t *trace;

	if (!seen)
		abort();
	sim_open(&sim, policy, capacity, size->seed);
	sim_attach(&sim);
	for (uint32_t i = 0; i < n_idle; i++) {
		struct sim_flow flow = sim_client(n_flows + i, SIM_TCP);

		sim_handshake(&sim, &flow);
	}
	trace = trace_of(&sim, len, n_flows);
	for (uint32_t i = 0; i < len; i++) {
		struct sim_flow flow = sim_client(trace[i], SIM_UDP);
		enum sim_fate fate = sim_send(&sim, &flow, CT_DIR_ORIG, 0);

		if (seen[trace[i]]) {
			again++;
			missed += fate != SIM_KNOWN;
		} else {
			firsts++;
			seen[trace[i]] = 1;
		}
		if (fate == SIM_KNOWN || fate == SIM_OPENED)
			sim_send(&sim, &flow, CT_DIR_REPLY, 0);
		sim_until(&sim,
			  sim.now_ns + (uint64_t)(SIM_S / PER_S / size->scale));
	}
	result->stateless = percent(missed, again);
	result->optimum = percent(
		belady_misses(trace, len, n_flows, capacity) - firsts, again);
	result_searches(result, &sim);
	sim_close(&sim);
	free(trace);
	free(seen);
}

void run_overload(const struct sim_policy *policy, const struct size *size,
		  struct result *result)
{
	run(policy, size, (uint32_t)(CAPACITY * size->scale) / 4, result);
}

void run_steady(const struct sim_policy *policy, const struct size *size,
		struct result *result)
{
	run(policy, size, 0, result);
}
