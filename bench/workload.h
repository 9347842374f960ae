/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * workload.h - flows by number, their packets and tuples
 *
 * Everything about flow i follows from i, so that a flow costs no memory but
 * its two sequence numbers.  A frame is Ethernet, IPv4 or IPv6, then TCP or
 * UDP, then zeroes; the library sees it from the IP header on.
 *
 *	SYN       ->   seq c          window 64240, options
 *	SYN-ACK   <-   seq s, ack c+1 window 65160, options
 *	ACK       ->   seq c+1, ack s+1, window 502
 *	data      ->   64 bytes, window 502, seq advances
 *	data      <-   64 bytes, window 509, seq advances
 */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <conntrack/types.h>

enum {
	FRAME_MAX = 192,
	FRAME_L3 = 14, /* where the IP header starts */
	PAYLOAD = 64
};

enum tcp_flag { F_SYN = 2, F_PSH = 8, F_ACK = 16 };

/* Which flows there are. */
enum corpus {
	CORPUS_SPREAD,     /* clients and ports at random, 256 servers */
	CORPUS_SEQUENTIAL, /* one client after the other, one port */
	CORPUS_PORTS,      /* one client, one port after the other */
	CORPUS_STRIDED,    /* client addresses 4096 apart */
	CORPUS_XOR,        /* client xor server is the same for all */
	CORPUS_SUFFIX,     /* IPv6: equal but for the last four bytes */
	CORPUS_CHOSEN,     /* original tuples collide in 6 bits, unkeyed */
	CORPUS_CHOSEN6,    /* IPv6: original tuples collide, unkeyed */
	CORPUS_MAX
};

const char *corpus_name(enum corpus corpus);

struct workload {
	enum corpus corpus;
	bool udp;
	bool v6;
};

struct ends {
	uint32_t client;
	uint32_t server;
	uint16_t client_port;
	uint16_t server_port;
};

/* => Never the same for two flows below 2^23; CORPUS_SPREAD: for any two. */
void workload_ends(const struct workload *load, uint32_t flow,
		   struct ends *ends);

/* The first sequence numbers of the client and of the server. */
uint32_t workload_isn(uint32_t flow, enum ct_dir dir);

void workload_tuple(const struct workload *load, uint32_t flow, enum ct_dir dir,
		    struct ct_tuple *tuple);

/* What a packet says beside who sends it to whom. */
struct segment {
	uint32_t seq;
	uint32_t ack;
	uint16_t window;
	uint16_t payload;
	uint8_t flags; /* enum tcp_flag */
	bool options;  /* those of a SYN */
};

/* Once for each buffer of FRAME_MAX bytes. */
void workload_frame_init(const struct workload *load, uint8_t *frame);

/*
 * Write a packet over the one before.
 *
 * => The bytes behind FRAME_L3.
 */
uint32_t workload_frame(const struct workload *load, uint8_t *frame,
			uint32_t flow, enum ct_dir dir,
			const struct segment *segment);

/* The finaliser of MurmurHash3: each number once. */
static inline uint32_t mix32(uint32_t h)
{
	h ^= h >> 16;
	h *= 0x85ebca6bu;
	h ^= h >> 13;
	h *= 0xc2b2ae35u;
	return h ^ h >> 16;
}

/* SplitMix64: the next number of a stream. */
static inline uint64_t random64(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* => Evenly from 0 to n - 1, by the upper half of a random number. */
static inline uint32_t random_below(uint64_t random, uint32_t n)
{
	return (uint32_t)((random >> 32) * n >> 32);
}

#endif /* WORKLOAD_H */
