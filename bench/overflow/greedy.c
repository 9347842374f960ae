/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * greedy.c - one source that opens everything it can
 *
 *	table		65536 connections
 *	others		1000 sources with 20 established connections each, which
 *			send every 20 s, and a new one from each every second
 *	greedy		32768 whole handshakes a second, none of which ends
 *
 * Jain's index is taken of the part that each source got of what it asked for;
 * the greedy one's is left out, since nobody owes it anything.
 */
#include "scenario.h"

#include <stdlib.h>

enum {
	CAPACITY = 65536,
	SOURCES = 1000,
	EACH = 20,
	GREEDY_PER_S = 32768,
	SECONDS = 10,
	TICK_MS = 10
};

struct greedy {
	struct sim sim;
	uint32_t sources;
	uint32_t got[SOURCES];
	uint32_t asked[SOURCES];
	uint64_t n_greedy;
	uint64_t greedy_ns;
};

/* The n-th connection of a source. */
static struct sim_flow flow_of(uint32_t source, uint32_t n)
{
	struct sim_flow flow = sim_client(source, SIM_TCP);

	flow.client_port = (uint16_t)(2000 + n);
	return flow;
}

static struct sim_flow greedy_flow(uint64_t n)
{
	struct sim_flow flow = sim_client(0, SIM_TCP);

	flow.client = 0x0b000001; /* 11.0.0.1 */
	flow.client_port = (uint16_t)n;
	flow.server += (uint32_t)(n >> 16) % 64;
	flow.server_port = (uint16_t)(n >> 16);
	return flow;
}

static void ask(struct greedy *greedy, uint32_t source, uint32_t n)
{
	struct sim_flow flow = flow_of(source, n);

	greedy->asked[source]++;
	greedy->got[source] += sim_handshake(&greedy->sim, &flow);
}

static void grab(struct greedy *greedy, uint32_t n)
{
	uint64_t before = sim_wall_ns();

	for (uint32_t i = 0; i < n; i++) {
		struct sim_flow flow = greedy_flow(greedy->n_greedy++);

		sim_handshake(&greedy->sim, &flow);
	}
	greedy->greedy_ns += sim_wall_ns() - before;
}

static void talk(struct greedy *greedy, uint32_t tick)
{
	const uint32_t period = 20000 / TICK_MS;
	const uint32_t all = greedy->sources * EACH;

	for (uint32_t i = tick % period; i < all; i += period) {
		struct sim_flow flow =
			flow_of(i % greedy->sources, i / greedy->sources);

		if (sim_lives(&greedy->sim, &flow))
			sim_send(&greedy->sim, &flow, CT_DIR_ORIG, SIM_ACK);
	}
}

static void during(struct greedy *greedy, double scale)
{
	struct sim *sim = &greedy->sim;
	const uint32_t ticks = SECONDS * 1000 / TICK_MS;
	const uint32_t per_s = 1000 / TICK_MS;

	for (uint32_t tick = 0; tick < ticks; tick++) {
		grab(greedy, (uint32_t)(GREEDY_PER_S * scale / per_s));
		for (uint32_t i = tick % per_s; i < greedy->sources; i += per_s)
			ask(greedy, i, EACH + tick / per_s);
		talk(greedy, tick);
		sim_until(sim, sim->now_ns + TICK_MS * SIM_MS);
	}
}

static double jain(const struct greedy *greedy)
{
	double sum = 0, squares = 0;

	for (uint32_t i = 0; i < greedy->sources; i++) {
		double part = (double)greedy->got[i] / greedy->asked[i];

		sum += part;
		squares += part * part;
	}
	return squares > 0 ? sum * sum / (greedy->sources * squares) : 0;
}

void run_greedy(const struct sim_policy *policy, const struct size *size,
		struct result *result)
{
	struct greedy *greedy = calloc(1, sizeof(*greedy));
	uint64_t lost = 0, asked = 0, got = 0;

	if (!greedy)
		abort();
	greedy->sources = (uint32_t)(SOURCES * size->scale);
	sim_open(&greedy->sim, policy, (uint32_t)(CAPACITY * size->scale),
		 size->seed);
	sim_attach(&greedy->sim);
	for (uint32_t i = 0; i < greedy->sources * EACH; i++) {
		struct sim_flow flow =
			flow_of(i % greedy->sources, i / greedy->sources);

		sim_handshake(&greedy->sim, &flow);
	}
	during(greedy, size->scale);
	for (uint32_t i = 0; i < greedy->sources * EACH; i++) {
		struct sim_flow flow =
			flow_of(i % greedy->sources, i / greedy->sources);

		lost += !sim_lives(&greedy->sim, &flow);
	}
	for (uint32_t i = 0; i < greedy->sources; i++) {
		asked += greedy->asked[i];
		got += greedy->got[i];
	}
	result->established_lost = percent(lost, greedy->sources * EACH);
	result->refused = 100 - percent(got, asked);
	result->fairness = jain(greedy);
	result->flood_ns =
		(double)greedy->greedy_ns / (double)greedy->n_greedy / 3;
	result_searches(result, &greedy->sim);
	sim_close(&greedy->sim);
	free(greedy);
}
