/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seat.c - see seat.h
 */
#include "seat.h"

#include <string.h>

enum {
	WINDOW_SYN = 64240,
	WINDOW_SYN_ACK = 65160,
	WINDOW_CLIENT = 502,
	WINDOW_SERVER = 509
};

/* --- Which packets ------------------------------------------------------ */

static void put(struct seat *seat, uint32_t flow, enum ct_dir dir,
		const struct segment *segment)
{
	unsigned i = seat->n++;
	struct ct_pkt *pkt = &seat->pkt[i];
	const struct workload *load = &seat->world->load;

	memset(pkt, 0, sizeof(*pkt));
	pkt->data = seat->frame[i] + FRAME_L3;
	pkt->len = workload_frame(load, seat->frame[i], flow, dir, segment);
	pkt->l3 = load->v6 ? CT_L3_IPV6 : CT_L3_IPV4;
	pkt->csum = CT_CSUM_VERIFIED;
	pkt->policy = seat->world->policy;
	seat->pkts[i] = pkt;
	seat->flow[i] = flow;
	seat->dir[i] = (uint8_t)dir;
	seat->end[i] = segment->seq + segment->payload;
}

static uint32_t get(_Atomic uint32_t *number)
{
	return atomic_load_explicit(number, memory_order_acquire);
}

static void set(_Atomic uint32_t *number, uint32_t value)
{
	/* release; pairs with get(): the library has seen the packet. */
	atomic_store_explicit(number, value, memory_order_release);
}

static void put_data(struct seat *seat, uint32_t flow, enum ct_dir dir,
		     enum ways ways)
{
	struct flow_seq *seq = &seat->world->seq[flow];
	enum ct_dir other = dir == CT_DIR_ORIG ? CT_DIR_REPLY : CT_DIR_ORIG;
	struct segment segment = {
		.seq = get(&seq->next[dir]),
		.ack = get(ways == ONE_WAY ? &seq->seen[other]
					   : &seq->next[other]),
		.window = dir == CT_DIR_ORIG ? WINDOW_CLIENT : WINDOW_SERVER,
		.payload = PAYLOAD,
		.flags = F_PSH | F_ACK,
	};

	set(&seq->next[dir], segment.seq + PAYLOAD);
	put(seat, flow, dir, &segment);
}

void seat_data(struct seat *seat, uint32_t n_flows, enum ways ways)
{
	const struct world *world = seat->world;
	uint32_t n_own = n_flows / seat->n_shares;
	unsigned n = world->options->burst;
	uint64_t random[BURST_MAX];
	uint32_t flow[BURST_MAX];

	/* Asked for early, so that the generator does not wait for each. */
	for (unsigned i = 0; i < n; i++) {
		random[i] = random64(&seat->random);
		flow[i] = random_below(random[i], n_own) * seat->n_shares +
			  seat->share;
		__builtin_prefetch(&world->seq[flow[i]]);
	}
	seat->n = 0;
	for (unsigned i = 0; i < n; i++)
		put_data(seat, flow[i],
			 ways == ONE_WAY ? (enum ct_dir)seat->t
					 : (enum ct_dir)(random[i] & 1),
			 ways);
}

/* The sequence numbers with which data begins. */
static void begin(struct flow_seq *seq, uint32_t flow)
{
	for (enum ct_dir dir = CT_DIR_ORIG; dir < CT_DIR_MAX; dir++) {
		set(&seq->next[dir], workload_isn(flow, dir) + 1);
		set(&seq->seen[dir], workload_isn(flow, dir) + 1);
	}
}

void seat_stage(struct seat *seat, uint32_t from, uint32_t step, unsigned n,
		enum stage stage)
{
	bool udp = seat->world->load.udp;

	seat->n = 0;
	for (unsigned i = 0; i < n; i++) {
		uint32_t flow = from + i * step;
		uint32_t client = workload_isn(flow, CT_DIR_ORIG);
		uint32_t server = workload_isn(flow, CT_DIR_REPLY);
		const struct segment segment[] = {
			[STAGE_OPENED] = { client, 0, WINDOW_SYN, 0, F_SYN,
					   true },
			[STAGE_ANSWERED] = { server, client + 1, WINDOW_SYN_ACK,
					     0, F_SYN | F_ACK, true },
			[STAGE_ESTABLISHED] = { client + 1, server + 1,
						WINDOW_CLIENT, 0, F_ACK,
						false },
		};
		const struct segment datagram = { .payload = PAYLOAD };

		put(seat, flow,
		    stage == STAGE_ANSWERED ? CT_DIR_REPLY : CT_DIR_ORIG,
		    udp ? &datagram : &segment[stage]);
		if (stage == STAGE_ESTABLISHED && flow < seat->world->n_seq)
			begin(&seat->world->seq[flow], flow);
	}
}

void seat_expect(struct seat *seat, enum ct_state state)
{
	for (unsigned i = 0; i < seat->n; i++)
		if (!seat->pkt[i].conn || seat->pkt[i].state != state)
			seat->n_bad++;
}

void seat_sent(struct seat *seat)
{
	for (unsigned i = 0; i < seat->n; i++)
		set(&seat->world->seq[seat->flow[i]].seen[seat->dir[i]],
		    seat->end[i]);
}

/* --- What is timed ------------------------------------------------------ */

static uint64_t since(uint64_t start)
{
	uint64_t ticks = host_ticks() - start;
	uint64_t nothing = host_ticks_nothing();

	return ticks > nothing ? ticks - nothing : 0;
}

uint64_t seat_forward(struct seat *seat)
{
	struct ct_thread *thr = seat->thr;
	uint64_t start = host_ticks();

	if (seat->world->options->one) {
		for (unsigned i = 0; i < seat->n; i++) {
			ct_process(thr, seat->pkts[i], CT_HOOK_PREROUTING);
			ct_confirm(thr, seat->pkts[i]);
		}
	} else if (seat->world->options->split) {
		ct_process_burst(thr, seat->pkts, seat->n, CT_HOOK_PREROUTING,
				 NULL);
		ct_confirm_burst(thr, seat->pkts, seat->n, NULL);
	} else {
		ct_forward_burst(thr, seat->pkts, seat->n, seat->world->rules,
				 NULL);
	}
	return since(start);
}

uint64_t seat_refuse(struct seat *seat)
{
	struct ct_thread *thr = seat->thr;
	uint64_t start = host_ticks();

	ct_process_burst(thr, seat->pkts, seat->n, CT_HOOK_PREROUTING, NULL);
	for (unsigned i = 0; i < seat->n; i++)
		ct_abandon(thr, seat->pkts[i]);
	return since(start);
}

uint64_t seat_poll(struct seat *seat)
{
	uint64_t now_ns = world_now(seat->world, seat->n);
	uint64_t start = host_ticks();

	ct_thread_poll(seat->thr, now_ns);
	return since(start);
}

/* --- Rounds ------------------------------------------------------------- */

void seat_round(struct seat *seat)
{
	seat->samples.n = 0;
	seat->noise.n = 0;
	seat->n_packets = 0;
	seat->ticks = 0;
	seat->n_clean = 0;
	seat->poll_ticks = 0;
	seat->n_polled = 0;
	seat->n_bad = 0;
	seat->n_switches = 0;
	seat->n_faults = 0;
	seat->n_events = 0;
}

bool seat_goes_on(const struct seat *seat, uint64_t *n, uint64_t end)
{
	const struct options *options = seat->world->options;

	if (options->bursts)
		return (*n)++ < options->bursts;
	return host_ticks() < end;
}

void watch_start(struct watch *watch)
{
	host_mishaps(&watch->before);
}

bool watch_clean(struct watch *watch, struct seat *seat)
{
	struct host_mishaps after;
	bool clean;

	host_mishaps(&after);
	seat->n_faults += (uint64_t)(after.faults - watch->before.faults);
	clean = after.switches == watch->before.switches;
	seat->n_switches += !clean;
	watch->before = after;
	return clean;
}

void watch_sample(struct watch *watch, struct seat *seat, uint64_t ticks)
{
	if (watch_clean(watch, seat))
		samples_add(&seat->samples, ticks);
}
