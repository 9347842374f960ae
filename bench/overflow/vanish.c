/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vanish.c - peers that go away without a word
 *
 *	table	65536 connections, 95 % of them established
 *	then	nine of ten peers vanish; the others send every 100 s
 *
 * How long until the table is below its soft watermark again, and whether any
 * of those that live was lost.
 */
#include "scenario.h"

#include <math.h>

enum { CAPACITY = 65536, PERIOD_S = 100, SECONDS = 400 };

void run_vanish(const struct sim_policy *policy, const struct size *size,
		struct result *result)
{
	const uint32_t capacity = (uint32_t)(CAPACITY * size->scale);
	const uint32_t n = capacity / 100 * 95;
	struct ct_pressure now = { .size = sizeof(now) };
	uint64_t lost = 0, begin;
	struct sim sim;

	sim_open(&sim, policy, capacity, size->seed);
	sim_attach(&sim);
	for (uint32_t i = 0; i < n; i++) {
		struct sim_flow flow = sim_client(i, SIM_TCP);

		sim_handshake(&sim, &flow);
	}
	begin = sim.now_ns;
	for (uint32_t s = 0; s < SECONDS; s++) {
		for (uint32_t i = s % PERIOD_S * 10; i < n;
		     i += 10 * PERIOD_S) {
			struct sim_flow flow = sim_client(i, SIM_TCP);

			if (sim_lives(&sim, &flow))
				sim_send(&sim, &flow, CT_DIR_ORIG, SIM_ACK);
		}
		sim_until(&sim, sim.now_ns + SIM_S);
		ct_pressure(sim.tbl, &now);
		if (isnan(result->recovery_s) && now.conns <= capacity / 10 * 8)
			result->recovery_s =
				(double)(sim.now_ns - begin) / (double)SIM_S;
	}
	for (uint32_t i = 0; i < n; i += 10) {
		struct sim_flow flow = sim_client(i, SIM_TCP);

		lost += !sim_lives(&sim, &flow);
	}
	result->established_lost = percent(lost, n / 10);
	result_searches(result, &sim);
	sim_close(&sim);
}
