/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim.c - the real library under a simulated host; see sim.h
 */
#include "sim.h"

#include <conntrack/dump.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	BURST = 32,
	IP_LEN = 20,
	TCP_LEN = 20,
	TCP_SEQ = 4,
	TCP_ACK = 8,
	TCP_FLAGS = 13,
	UDP_LEN = 8,
	FRAME = 64,
	SERVERS = 64,
	CLIENT_ISN = 1000,
	SERVER_ISN = 5000
};

const struct sim_policy sim_policies[] = {
	{ "scored", CT_OVERFLOW_SCORED, false },
	{ "linux", CT_OVERFLOW_LINUX, false },
	{ "lru", CT_OVERFLOW_LRU, false },
	{ "random", CT_OVERFLOW_RANDOM, false },
	{ "refuse", CT_OVERFLOW_REFUSE, false },
	{ "proxy", CT_OVERFLOW_SCORED, true },
};
const unsigned sim_n_policies = sizeof(sim_policies) / sizeof(sim_policies[0]);

static void fail(const char *what, int error)
{
	fprintf(stderr, "overflow: %s: %s\n", what, ct_strerror(error));
	exit(1);
}

static void need(int error, const char *what)
{
	if (error)
		fail(what, error);
}

/* SplitMix64. */
static uint64_t mix(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint64_t sim_random(struct sim *sim)
{
	return mix(&sim->random);
}

uint32_t sim_below(struct sim *sim, uint32_t n)
{
	return (uint32_t)((sim_random(sim) >> 32) * n >> 32);
}

static void give_random(void *user, void *buf, size_t len)
{
	struct sim *sim = user;
	uint8_t *bytes = buf;

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)mix(&sim->seed);
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	       (uint32_t)at[2] << 8 | at[3];
}

/* The table's own segments; of the SYN proxy, the only one that sends any. */
static void hear(void *user, const struct ct_pkt *pkt)
{
	struct sim *sim = user;
	const uint8_t *tcp = pkt->data + IP_LEN;
	uint8_t flags = tcp[TCP_FLAGS];

	if (flags == (SIM_SYN | SIM_ACK))
		sim->cookie = get32(tcp + TCP_SEQ);
	else if (flags == SIM_ACK && get32(tcp + TCP_ACK) == SERVER_ISN + 1)
		sim->n_acks++;
}

void sim_open(struct sim *sim, const struct sim_policy *policy,
	      uint32_t max_conns, uint64_t seed)
{
	const struct ct_host host = { .size = sizeof(host),
				      .user = sim,
				      .random = give_random,
				      .emit = policy->proxy ? hear : NULL };
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .host = &host,
				       .max_conns = max_conns };

	memset(sim, 0, sizeof(*sim));
	sim->now_ns = 1000 * SIM_S;
	sim->random = seed;
	sim->seed = seed ^ 0x5eed;
	need(ct_table_create(&cfg, &sim->tbl), "no table");
	sim_set(sim, "overflow.policy", policy->policy);
	sim_set(sim, "nf_conntrack_buckets", max_conns);
	sim_set(sim, "overflow.syn_proxy", policy->proxy);
	if (policy->policy != CT_OVERFLOW_SCORED)
		sim_set(sim, "overflow.low", 1000); /* nothing shrinks */
}

void sim_attach(struct sim *sim)
{
	need(ct_thread_attach(sim->tbl, &sim->thr), "no handle");
	ct_thread_poll(sim->thr, sim->now_ns);
}

void sim_set(struct sim *sim, const char *name, uint64_t value)
{
	need(ct_param_set(sim->tbl, name, value), name);
}

void sim_close(struct sim *sim)
{
	ct_thread_detach(sim->thr);
	ct_table_destroy(sim->tbl);
}

static void poll(struct sim *sim)
{
	ct_thread_poll(sim->thr, sim->now_ns);
	sim->n_packets = 0;
}

void sim_until(struct sim *sim, uint64_t now_ns)
{
	/* What is idle for long is polled as by a host that sleeps. */
	while (now_ns > sim->now_ns + SIM_MS) {
		uint64_t step = now_ns - sim->now_ns > 100 * SIM_MS
					? 10 * SIM_MS
					: SIM_MS;

		sim->now_ns += step;
		poll(sim);
	}
	if (now_ns > sim->now_ns)
		sim->now_ns = now_ns;
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

/* => The client's address as servers see it: 10.x is 44.x outside. */
static uint32_t outside(const struct sim_flow *flow)
{
	return flow->nat ? (flow->client & 0xffffffu) | 44u << 24
			 : flow->client;
}

/* => Bytes of the packet. */
static uint32_t write_packet(uint8_t *p, const struct sim_flow *flow,
			     enum ct_dir dir, uint8_t flags)
{
	bool orig = dir == CT_DIR_ORIG;
	uint32_t server = orig && flow->told ? flow->told : SERVER_ISN;
	uint32_t len = IP_LEN + (flow->proto == SIM_TCP ? TCP_LEN : UDP_LEN);

	memset(p, 0, len);
	p[0] = 0x45;
	put16(p + 2, len);
	p[8] = 64;
	p[9] = flow->proto;
	put32(p + 12, orig ? flow->client : flow->server);
	put32(p + 16, orig ? flow->server : outside(flow));
	put16(p + 20, orig ? flow->client_port : flow->server_port);
	put16(p + 22, orig ? flow->server_port : flow->client_port);
	if (flow->proto == SIM_UDP) {
		put16(p + 24, UDP_LEN);
		return len;
	}
	put32(p + 24, (orig ? CLIENT_ISN : server) + !(flags & SIM_SYN));
	if (flags & SIM_ACK)
		put32(p + 28, (orig ? server : CLIENT_ISN) + 1);
	p[32] = TCP_LEN / 4 << 4;
	p[33] = flags;
	put16(p + 34, 8192);
	return len;
}

/* As a router does whose rules translate 10.0.0.0/8 to 44.0.0.0/8. */
static enum ct_verdict translate(struct sim *sim, struct ct_pkt *pkt, bool nat)
{
	const struct ct_nat_range range = {
		.size = sizeof(range),
		.flags = CT_NAT_ADDR | CT_NAT_NETMAP,
		.min_addr = { .bytes = { 44, 0, 0, 0 } },
		.max_addr = { .bytes = { 44, 255, 255, 255 } },
	};
	enum ct_verdict verdict;

	if (pkt->conn && pkt->state == CT_NEW && nat)
		ct_nat_setup(sim->thr, pkt, CT_NAT_SRC, &range);
	verdict = ct_nat_apply(sim->thr, pkt, CT_HOOK_PREROUTING);
	if (verdict != CT_ACCEPT)
		return verdict;
	return ct_nat_apply(sim->thr, pkt, CT_HOOK_POSTROUTING);
}

enum sim_fate sim_send(struct sim *sim, const struct sim_flow *flow,
		       enum ct_dir dir, uint8_t flags)
{
	uint8_t frame[FRAME];
	struct ct_pkt pkt = { .data = frame,
			      .l3 = CT_L3_IPV4,
			      .csum = CT_CSUM_VERIFIED };
	enum ct_verdict verdict;

	if (++sim->n_packets >= BURST)
		poll(sim);
	pkt.len = write_packet(frame, flow, dir, flags);
	pkt.tailroom = FRAME - pkt.len;
	verdict = ct_process(sim->thr, &pkt, CT_HOOK_PREROUTING);
	if (verdict == CT_ACCEPT)
		verdict = translate(sim, &pkt, flow->nat);
	if (verdict == CT_ACCEPT)
		verdict = ct_confirm(sim->thr, &pkt);
	else
		ct_abandon(sim->thr, &pkt);
	if (pkt.reason == CT_R_SYN_COOKIE)
		return SIM_COOKIE;
	if (verdict != CT_ACCEPT || pkt.state == CT_UNTRACKED)
		return SIM_REFUSED;
	if (pkt.state == CT_INVALID)
		return SIM_INVALID;
	return pkt.reason == CT_R_OPENED || pkt.reason == CT_R_CONFIRMED
		       ? SIM_OPENED
		       : SIM_KNOWN;
}

bool sim_lives(struct sim *sim, const struct sim_flow *flow)
{
	struct ct_tuple t = { .l3 = CT_L3_IPV4, .l4 = flow->proto };
	uint8_t *src = t.src.bytes, *dst = t.dst.bytes;

	put32(src, flow->client);
	put32(dst, flow->server);
	put16((uint8_t *)&t.src_id, flow->client_port);
	put16((uint8_t *)&t.dst_id, flow->server_port);
	return ct_find(sim->thr, &t, NULL) != NULL;
}

bool sim_handshake(struct sim *sim, const struct sim_flow *flow)
{
	return sim_send(sim, flow, CT_DIR_ORIG, SIM_SYN) == SIM_OPENED &&
	       sim_send(sim, flow, CT_DIR_REPLY, SIM_SYN | SIM_ACK) ==
		       SIM_KNOWN &&
	       sim_send(sim, flow, CT_DIR_ORIG, SIM_ACK) == SIM_KNOWN;
}

void sim_assure_udp(struct sim *sim, const struct sim_flow *flows, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		sim_send(sim, &flows[i], CT_DIR_ORIG, 0);
		sim_send(sim, &flows[i], CT_DIR_REPLY, 0);
	}
	sim_until(sim, sim->now_ns + 3 * SIM_S);
	for (uint32_t i = 0; i < n; i++)
		sim_send(sim, &flows[i], CT_DIR_ORIG, 0);
}

struct sim_flow sim_client(uint32_t n, uint8_t proto)
{
	return (struct sim_flow){
		.client = 0x0a000000u + n, /* 10.0.0.0/8 */
		.server = 0xc6336400u + n % SERVERS,
		.client_port = (uint16_t)(1024 + n % 50000),
		.server_port = 443,
		.proto = proto,
	};
}

struct sim_flow sim_spoofed(struct sim *sim, uint8_t proto)
{
	uint64_t random = sim_random(sim);

	return (struct sim_flow){
		.client = 0x20000000u | ((uint32_t)random & 0x1fffffffu),
		.server = 0xc6336400u + (uint32_t)(random >> 58) % SERVERS,
		.client_port = (uint16_t)(random >> 32),
		.server_port = 443,
		.proto = proto,
	};
}

uint64_t sim_wall_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SIM_S + (uint64_t)now.tv_nsec;
}
