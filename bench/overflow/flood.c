/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flood.c - spoofed floods beside legitimate traffic
 *
 *	table		262144 connections
 *	established	100000, each of which sends now and then
 *	newcomers	5000 a second, handshakes of a stated round-trip time: from
 *			10 to 40 ms until the last ACK is seen here
 *	flood		ten times the table's capacity a second, every source
 *			spoofed; servers answer its SYNs, 1 to 5 ms later
 *
 * The bound: a SYN of the flood and one of a client look alike. If both stay
 * for as long as a handshake takes, T, the places that the established ones leave,
 * F, are enough for F / T of them a second; of a rate R more than that is
 * refused or pushed out, whatever the policy.
 */
#include "scenario.h"

#include <math.h>
#include <stdlib.h>

enum {
	CAPACITY = 262144,
	ESTABLISHED = 100000,
	NEW_PER_S = 5000,
	FLOOD_FACTOR = 10,
	SECONDS = 2,
	TICK_US = 100,
	RTT_MIN_US = 10000,
	RTT_MAX_US = 40000,
	SERVER_MIN_US = 1000,
	SERVER_MAX_US = 5000
};

/* A handshake under way, or a flood's SYN that will be answered. */
struct pending {
	uint64_t at_ns;
	struct sim_flow flow;
	uint32_t number; /* of a legitimate one, and 1; 0: the flood's */
	uint8_t step;
	uint32_t rtt_us;
};

/* A heap by time. */
struct queue {
	struct pending *heap;
	uint32_t n;
	uint32_t room;
};

static void push(struct queue *queue, const struct pending *one)
{
	uint32_t at;

	if (queue->n == queue->room) {
		queue->room = queue->room ? 2 * queue->room : 1024;
		queue->heap = realloc(queue->heap,
				      queue->room * sizeof(*queue->heap));
		if (!queue->heap)
			abort();
	}
	at = queue->n++;
	while (at && queue->heap[(at - 1) / 2].at_ns > one->at_ns) {
		queue->heap[at] = queue->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	queue->heap[at] = *one;
}

static struct pending pop(struct queue *queue)
{
	struct pending top = queue->heap[0];
	struct pending last = queue->heap[--queue->n];
	uint32_t at = 0;

	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child >= queue->n)
			break;
		if (child + 1 < queue->n &&
		    queue->heap[child + 1].at_ns < queue->heap[child].at_ns)
			child++;
		if (queue->heap[child].at_ns >= last.at_ns)
			break;
		queue->heap[at] = queue->heap[child];
		at = child;
	}
	queue->heap[at] = last;
	return top;
}

struct flood {
	struct sim sim;
	struct queue queue;
	uint32_t n_established;
	uint32_t capacity;
	uint8_t proto;
	bool nat; /* every other one is translated */
	uint64_t asked;
	uint64_t done;
	uint64_t flood_packets;
	uint64_t flood_ns;
};

static uint32_t between(struct sim *sim, uint32_t min, uint32_t max)
{
	return min + sim_below(sim, max - min);
}

/* The next packet of a handshake, or of an answered spoofed SYN. */
static void go_on(struct flood *flood, struct pending *one)
{
	struct sim *sim = &flood->sim;

	if (one->step == 1) {
		enum sim_fate fate = sim_send(
			sim, &one->flow, CT_DIR_REPLY,
			one->flow.proto == SIM_TCP ? SIM_SYN | SIM_ACK : 0);

		if (!one->number || fate != SIM_KNOWN)
			return;
		one->step = 2;
		one->at_ns += one->rtt_us * UINT64_C(1000);
		push(&flood->queue, one);
		return;
	}
	flood->done +=
		sim_send(sim, &one->flow, CT_DIR_ORIG,
			 one->flow.proto == SIM_TCP ? SIM_ACK : 0) == SIM_KNOWN;
}

static void begin(struct flood *flood, const struct sim_flow *flow,
		  uint32_t number)
{
	struct sim *sim = &flood->sim;
	struct pending one = { .flow = *flow, .number = number, .step = 1 };
	uint32_t server_us = between(sim, SERVER_MIN_US, SERVER_MAX_US);
	enum sim_fate fate;

	one.rtt_us = between(sim, RTT_MIN_US, RTT_MAX_US) - server_us;
	one.at_ns = sim->now_ns + server_us * UINT64_C(1000);
	fate = sim_send(sim, flow, CT_DIR_ORIG,
			flow->proto == SIM_TCP ? SIM_SYN : 0);
	if (fate == SIM_OPENED && (number || flow->proto == SIM_TCP))
		push(&flood->queue, &one);
}

static void spray(struct flood *flood, uint32_t n)
{
	uint64_t before = sim_wall_ns();

	for (uint32_t i = 0; i < n; i++) {
		struct sim_flow flow = sim_spoofed(&flood->sim, flood->proto);

		begin(flood, &flow, 0);
	}
	flood->flood_ns += sim_wall_ns() - before;
	flood->flood_packets += n;
}

/* Some established ones send. */
static void talk(struct flood *flood, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t which = sim_below(&flood->sim, flood->n_established);
		struct sim_flow flow = sim_client(which, flood->proto);

		flow.nat = flood->nat && which % 2;
		/* What was lost is not to come back. */
		if (sim_lives(&flood->sim, &flow))
			sim_send(&flood->sim, &flow, CT_DIR_ORIG,
				 flood->proto == SIM_TCP ? SIM_ACK : 0);
	}
}

static void establish(struct flood *flood)
{
	struct sim *sim = &flood->sim;

	if (flood->proto == SIM_TCP) {
		for (uint32_t i = 0; i < flood->n_established; i++) {
			struct sim_flow flow = sim_client(i, SIM_TCP);

			flow.nat = flood->nat && i % 2;
			sim_handshake(sim, &flow);
		}
	} else {
		struct sim_flow *flows =
			calloc(flood->n_established, sizeof(*flows));

		if (!flows)
			abort();
		for (uint32_t i = 0; i < flood->n_established; i++)
			flows[i] = sim_client(i, SIM_UDP);
		sim_assure_udp(sim, flows, flood->n_established);
		free(flows);
	}
}

static void during(struct flood *flood, double scale)
{
	struct sim *sim = &flood->sim;
	uint64_t end = sim->now_ns + SECONDS * SIM_S;
	double news = 0, floods = 0;
	const double per_tick = TICK_US / 1e6;

	while (sim->now_ns < end) {
		uint64_t next = sim->now_ns + TICK_US * UINT64_C(1000);

		for (news += NEW_PER_S * scale * per_tick; news >= 1; news--) {
			uint32_t n =
				flood->n_established + (uint32_t)flood->asked++;
			struct sim_flow flow = sim_client(n, flood->proto);

			begin(flood, &flow, n + 1);
		}
		floods += (double)flood->capacity * FLOOD_FACTOR * per_tick;
		spray(flood, (uint32_t)floods);
		floods -= (uint32_t)floods;
		talk(flood,
		     (uint32_t)(flood->n_established * per_tick / 10) + 1);
		while (flood->queue.n && flood->queue.heap[0].at_ns <= next) {
			struct pending one = pop(&flood->queue);

			sim_until(sim, one.at_ns);
			go_on(flood, &one);
		}
		sim_until(sim, next);
	}
}

static double refused_at_least(const struct flood *flood, double scale)
{
	double free = flood->capacity - flood->n_established;
	double rate =
		(double)flood->capacity * FLOOD_FACTOR + NEW_PER_S * scale;
	double hold = (RTT_MIN_US + RTT_MAX_US) / 2e6;
	double part = free / hold / rate;

	return part < 1 ? 100 * (1 - part) : 0;
}

static void finish(struct flood *flood, bool nat, struct result *result)
{
	struct sim *sim = &flood->sim;
	uint64_t lost[2] = { 0, 0 };

	for (uint32_t i = 0; i < flood->n_established; i++) {
		struct sim_flow flow = sim_client(i, flood->proto);

		lost[nat && i % 2] += !sim_lives(sim, &flow);
	}
	result->established_lost =
		percent(lost[0] + lost[1], flood->n_established);
	if (nat)
		result->nat_lost = percent(lost[1], flood->n_established / 2);
	/* Those that are under way still are neither. */
	for (uint32_t i = 0; i < flood->queue.n; i++)
		flood->asked -= flood->queue.heap[i].number != 0;
	result->refused = 100 - percent(flood->done, flood->asked);
	result->flood_ns =
		(double)flood->flood_ns / (double)flood->flood_packets;
	result_searches(result, sim);
}

static void run(const struct sim_policy *policy, const struct size *size,
		uint8_t proto, bool nat, struct result *result)
{
	struct flood flood = {
		.n_established = (uint32_t)(ESTABLISHED * size->scale),
		.capacity = (uint32_t)(CAPACITY * size->scale),
		.proto = proto,
		.nat = nat,
	};

	sim_open(&flood.sim, policy, flood.capacity, size->seed);
	sim_attach(&flood.sim);
	establish(&flood);
	during(&flood, size->scale);
	result->bound = refused_at_least(&flood, size->scale);
	finish(&flood, nat, result);
	sim_close(&flood.sim);
	free(flood.queue.heap);
}

void run_syn_flood(const struct sim_policy *policy, const struct size *size,
		   struct result *result)
{
	run(policy, size, SIM_TCP, false, result);
}

void run_syn_flood_nat(const struct sim_policy *policy, const struct size *size,
		       struct result *result)
{
	run(policy, size, SIM_TCP, true, result);
}

void run_udp_spray(const struct sim_policy *policy, const struct size *size,
		   struct result *result)
{
	run(policy, size, SIM_UDP, false, result);
}
