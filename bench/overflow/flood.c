/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flood.c - spoofed floods beside legitimate traffic
 *
 *	table		262144 connections
 *	established	100000, each of which sends now and then
 *	newcomers	5000 a second, handshakes of a stated round-trip time: from
 *			10 to 40 ms until the last ACK is seen here, or ten times
 *			that
 *	flood		ten times the table's capacity a second, every source
 *			spoofed; servers answer its SYNs, 1 to 5 ms later
 *
 *	calm            settle           measure          patience
 *	newcomers only  the flood sets   newcomers        those that were
 *	                in               are counted      counted may complete
 *
 * Where the table answers SYNs, a client answers its cookie a round trip later,
 * the server the SYN that follows, and the client has to say something, once
 * more a round trip later, before its handshake counts; the flood answers
 * nothing.
 *
 * The bound: a SYN of the flood and one of a client look alike. If both stay
 * for as long as the longest handshake takes, T, the places that the established
 * ones leave, F, are enough for F / T of them a second; of a rate R more than
 * that is refused or pushed out, whatever the policy. To hold all of them for a
 * shorter time gains nothing: as many handshakes complete as places are free
 * for, but only the shorter ones of them.
 */
#include "scenario.h"

#include <math.h>
#include <stdlib.h>

enum {
	CAPACITY = 262144,
	ESTABLISHED = 100000,
	NEW_PER_S = 5000,
	FLOOD_FACTOR = 10,
	CALM_S = 2,
	MEASURE_S = 2,
	TICK_US = 100,
	DICE = 1 << 20,
	RTT_MIN_US = 10000,
	RTT_MAX_US = 40000,
	SLOW = 10,    /* so much longer are slow handshakes */
	PATIENCE = 3, /* of the longest handshake */
	SETTLE = 5,   /* likewise, for the flood to set in */
	SERVER_MIN_US = 1000,
	SERVER_MAX_US = 5000
};

/* Of the handshakes, which are the flood's, which are counted. */
enum whose { FLOOD, BESIDE, COUNTED };

enum step {
	SERVER_ANSWERS,
	CLIENT_ANSWERS,
	CLIENT_REDEEMS /* a cookie */
};

/* A handshake under way, or a flood's SYN that will be answered. */
struct pending {
	uint64_t at_ns;
	uint64_t began_ns;
	struct sim_flow flow;
	uint8_t whose; /* enum whose */
	uint8_t step;  /* enum step */
	uint32_t server_us;
	uint32_t client_us;
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
	double scale;
	uint8_t proto;
	bool nat; /* every other one is translated */
	uint32_t slow;
	enum whose now; /* those that begin */
	uint32_t n_clients;
	uint64_t asked; /* that are counted */
	uint64_t done;
	uint64_t done_ns;  /* time that they took, in all */
	uint64_t kept;     /* places of those that are done, counted or not */
	uint64_t n_places; /* sum over those that asked */
	uint64_t flood_packets;
	uint64_t flood_ns;
};

static uint32_t between(struct sim *sim, uint32_t min, uint32_t max)
{
	return min + sim_below(sim, max - min);
}

static void wait(struct flood *flood, struct pending *one, enum step step,
		 uint32_t us)
{
	one->step = (uint8_t)step;
	one->at_ns = flood->sim.now_ns + us * UINT64_C(1000);
	push(&flood->queue, one);
}

/* The server answers, or, where its client was answered already, the table is
 * to acknowledge that as well. */
static void server_answers(struct flood *flood, struct pending *one)
{
	struct sim *sim = &flood->sim;
	uint64_t n_acks = sim->n_acks;
	enum sim_fate fate =
		sim_send(sim, &one->flow, CT_DIR_REPLY,
			 one->flow.proto == SIM_TCP ? SIM_SYN | SIM_ACK : 0);

	if (one->whose == FLOOD || fate != SIM_KNOWN ||
	    (one->flow.told && sim->n_acks == n_acks))
		return;
	wait(flood, one, CLIENT_ANSWERS, one->client_us);
}

static void client_answers(struct flood *flood, const struct pending *one)
{
	if (sim_send(&flood->sim, &one->flow, CT_DIR_ORIG,
		     one->flow.proto == SIM_TCP ? SIM_ACK : 0) != SIM_KNOWN)
		return;
	flood->kept++;
	if (one->whose != COUNTED)
		return;
	flood->done++;
	flood->done_ns += flood->sim.now_ns - one->began_ns;
}

/* The next packet of a handshake, or of an answered spoofed SYN. */
static void go_on(struct flood *flood, struct pending *one)
{
	if (one->step == SERVER_ANSWERS)
		server_answers(flood, one);
	else if (one->step == CLIENT_ANSWERS)
		client_answers(flood, one);
	else if (sim_send(&flood->sim, &one->flow, CT_DIR_ORIG, SIM_ACK) ==
		 SIM_OPENED)
		wait(flood, one, SERVER_ANSWERS, one->server_us);
}

static void begin(struct flood *flood, const struct sim_flow *flow,
		  enum whose whose)
{
	struct sim *sim = &flood->sim;
	struct pending one = { .flow = *flow,
			       .whose = (uint8_t)whose,
			       .began_ns = sim->now_ns };
	enum sim_fate fate;

	one.server_us = between(sim, SERVER_MIN_US, SERVER_MAX_US);
	one.client_us = between(sim, RTT_MIN_US, RTT_MAX_US) * flood->slow -
			one.server_us;
	fate = sim_send(sim, flow, CT_DIR_ORIG,
			flow->proto == SIM_TCP ? SIM_SYN : 0);
	if (fate == SIM_OPENED && (whose != FLOOD || flow->proto == SIM_TCP))
		wait(flood, &one, SERVER_ANSWERS, one.server_us);
	if (fate != SIM_COOKIE || whose == FLOOD)
		return;
	one.flow.told = sim->cookie;
	wait(flood, &one, CLIENT_REDEEMS, one.client_us);
}

static void spray(struct flood *flood, uint32_t n)
{
	uint64_t before = sim_wall_ns();

	for (uint32_t i = 0; i < n; i++) {
		struct sim_flow flow = sim_spoofed(&flood->sim, flood->proto);

		begin(flood, &flow, FLOOD);
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

static void newcomer(struct flood *flood)
{
	uint32_t n = flood->n_established + flood->n_clients++;
	struct sim_flow flow = sim_client(n, flood->proto);

	flow.nat = flood->nat && n % 2;
	if (flood->now == COUNTED) {
		flood->asked++;
		flood->n_places +=
			flood->capacity - flood->n_established - flood->kept;
	}
	begin(flood, &flow, flood->now);
}

/* So many of the flood's packets a second, for a while. */
static void during(struct flood *flood, double flood_per_s, uint64_t us)
{
	struct sim *sim = &flood->sim;
	uint64_t end = sim->now_ns + us * UINT64_C(1000);
	double floods = 0;
	const double per_tick = TICK_US / 1e6;

	while (sim->now_ns < end) {
		uint64_t next = sim->now_ns + TICK_US * UINT64_C(1000);

		/* Whenever it likes, or it might keep pace with the table. */
		for (double news = NEW_PER_S * flood->scale * per_tick;
		     news > sim_below(&flood->sim, DICE) / (double)DICE; news--)
			newcomer(flood);
		floods += flood_per_s * per_tick;
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

static double flood_rate(const struct flood *flood)
{
	return (double)flood->capacity * FLOOD_FACTOR;
}

static void phases(struct flood *flood)
{
	uint64_t longest_us = RTT_MAX_US * (uint64_t)flood->slow;
	double rate = flood_rate(flood);

	flood->now = BESIDE;
	during(flood, 0, CALM_S * UINT64_C(1000000));
	during(flood, rate, SETTLE * longest_us);
	flood->now = COUNTED;
	during(flood, rate, MEASURE_S * UINT64_C(1000000));
	flood->now = BESIDE;
	during(flood, rate, PATIENCE * longest_us);
}

static double refused_at_least(const struct flood *flood)
{
	double free = (double)flood->n_places / (double)flood->asked;
	double rate = flood_rate(flood) + NEW_PER_S * flood->scale;
	double hold = RTT_MAX_US * (double)flood->slow / 1e6;
	double part = free / hold / rate;

	return part < 1 ? 100 * (1 - part) : 0;
}

static void finish(struct flood *flood, struct result *result)
{
	struct sim *sim = &flood->sim;
	uint64_t lost[2] = { 0, 0 };

	for (uint32_t i = 0; i < flood->n_established; i++) {
		struct sim_flow flow = sim_client(i, flood->proto);

		lost[flood->nat && i % 2] += !sim_lives(sim, &flow);
	}
	result->established_lost =
		percent(lost[0] + lost[1], flood->n_established);
	if (flood->nat)
		result->nat_lost = percent(lost[1], flood->n_established / 2);
	result->refused = 100 - percent(flood->done, flood->asked);
	result->bound = refused_at_least(flood);
	result->handshake_ms =
		flood->done ? (double)flood->done_ns / (double)flood->done / 1e6
			    : 0;
	result->flood_ns =
		(double)flood->flood_ns / (double)flood->flood_packets;
	result_searches(result, sim);
}

static void run(struct flood *flood, const struct sim_policy *policy,
		const struct size *size, struct result *result)
{
	flood->n_established = (uint32_t)(ESTABLISHED * size->scale);
	flood->capacity = (uint32_t)(CAPACITY * size->scale);
	flood->scale = size->scale;
	sim_open(&flood->sim, policy, flood->capacity, size->seed);
	sim_attach(&flood->sim);
	establish(flood);
	phases(flood);
	finish(flood, result);
	sim_close(&flood->sim);
	free(flood->queue.heap);
}

void run_syn_flood(const struct sim_policy *policy, const struct size *size,
		   struct result *result)
{
	struct flood flood = { .proto = SIM_TCP, .slow = 1 };

	run(&flood, policy, size, result);
}

void run_syn_flood_slow(const struct sim_policy *policy,
			const struct size *size, struct result *result)
{
	struct flood flood = { .proto = SIM_TCP, .slow = SLOW };

	run(&flood, policy, size, result);
}

void run_syn_flood_nat(const struct sim_policy *policy, const struct size *size,
		       struct result *result)
{
	struct flood flood = { .proto = SIM_TCP, .slow = 1, .nat = true };

	run(&flood, policy, size, result);
}

void run_udp_spray(const struct sim_policy *policy, const struct size *size,
		   struct result *result)
{
	struct flood flood = { .proto = SIM_UDP, .slow = 1 };

	run(&flood, policy, size, result);
}
