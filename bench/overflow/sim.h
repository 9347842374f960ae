/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim.h - the real library under a simulated host: virtual time, virtual peers
 *
 * Deterministic: the same scenario, policy and seed give the same packets, and
 * the library, whose random bytes come from the seed, the same decisions.
 */
#ifndef SIM_H
#define SIM_H

#include <conntrack/conntrack.h>
#include <conntrack/pressure.h>

#define SIM_S  UINT64_C(1000000000)
#define SIM_MS UINT64_C(1000000)

enum { SIM_UDP = 17, SIM_TCP = 6 };
enum { SIM_SYN = 2, SIM_RST = 4, SIM_ACK = 16 };

/* A policy that is compared: its name, and the parameters that make it. */
struct sim_policy {
	const char *name;
	enum ct_overflow_policy policy;
	bool proxy; /* above the soft watermark SYNs are answered by cookies;
		       for scenarios that are about handshakes */
};
extern const struct sim_policy sim_policies[];
extern const unsigned sim_n_policies;

/* One end to another; numbers of host order. */
struct sim_flow {
	uint32_t client;
	uint32_t server;
	uint16_t client_port;
	uint16_t server_port;
	uint8_t proto; /* SIM_UDP or SIM_TCP */
	bool nat;      /* the client is translated */
	uint32_t told; /* the server's first number, as the client was told by
			  the table; 0: by the server itself */
};

struct sim {
	struct ct_table *tbl;
	struct ct_thread *thr;
	uint64_t now_ns;
	uint64_t random;
	unsigned n_packets; /* since the last poll */
	uint64_t seed;
	/* What the table has sent: */
	uint32_t cookie; /* the number of its latest SYN/ACK to a client */
	uint64_t n_acks; /* to servers that had answered its SYN */
};

/* Begin; parameters may be set until sim_attach(). */
void sim_open(struct sim *sim, const struct sim_policy *policy,
	      uint32_t max_conns, uint64_t seed);
void sim_attach(struct sim *sim);
void sim_set(struct sim *sim, const char *name, uint64_t value);
void sim_close(struct sim *sim);

/* Time goes on; polls as a host would, every 32 packets and every ms. */
void sim_until(struct sim *sim, uint64_t now_ns);

/* What became of a packet. */
enum sim_fate {
	SIM_REFUSED, /* dropped, or passed without a connection */
	SIM_INVALID, /* out of state */
	SIM_COOKIE,  /* a SYN that the table has answered itself */
	SIM_OPENED,  /* it opened a connection */
	SIM_KNOWN    /* it belongs to one */
};
enum sim_fate sim_send(struct sim *sim, const struct sim_flow *flow,
		       enum ct_dir dir, uint8_t flags);

/* => Whether the flow has a connection. */
bool sim_lives(struct sim *sim, const struct sim_flow *flow);

/* Open it all the way, answered and assured; takes no virtual time but what it
 * must: two seconds and more for UDP. => false when it was refused. */
bool sim_handshake(struct sim *sim, const struct sim_flow *flow);
void sim_assure_udp(struct sim *sim, const struct sim_flow *flows, uint32_t n);

/* The next random number; one of n. */
uint64_t sim_random(struct sim *sim);
uint32_t sim_below(struct sim *sim, uint32_t n);

/* => The n-th client's flow; clients are told from each other by address. */
struct sim_flow sim_client(uint32_t n, uint8_t proto);
/* => A spoofed one, like no client's. */
struct sim_flow sim_spoofed(struct sim *sim, uint8_t proto);

/* Of the host's clock, not the simulation's. */
uint64_t sim_wall_ns(void);

#endif /* SIM_H */
