/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client, a server, and a table between them that answers for the server.
 *
 * Most stories are told eight times: over IPv4 and IPv6, with the verbs one by
 * one and by ct_forward_burst(), with both ends translated and without.
 *
 * The short names are for tests of the SYN proxy only.
 */
#ifndef CT_TEST_PROXY_H
#define CT_TEST_PROXY_H

#include "nat.h"
#include "wire/build.h"
#include "wire/tcpopt.h"
#include "world.h"

#include <conntrack/pressure.h>

enum { PX_MAX = 200, PX_ISN = 1000, PX_SERVER = 70000, PX_ROOM = 64 };
enum { PX_IPV6 = 1, PX_BURST = 2, PX_NAT = 4, PX_WAYS = 8 };
enum { PX_CLIENT_WS = 6, PX_SERVER_WS = 9, PX_GIVEN_WS = 7 };
enum { PX_CLIENT_TS = 111000, PX_SERVER_TS = 0x90000000 };

struct px {
	struct ct_world w;
	unsigned kind;               /* set of PX_IPV6, PX_BURST, PX_NAT */
	struct ct_test_flow flow;    /* as the client sees it */
	struct ct_test_flow outside; /* as the server does */
	struct ct_nat_range to_server, from_router;
	struct {
		struct ct_test_packet p[8];
		unsigned n;
	} sent; /* by the table itself */
};

extern struct px px;

/* What left, as the other end reads it; its sums are right. */
struct px_heard {
	struct ct_segment seg;
	struct ct_tcpopt opt;
};

/* A table of this kind, with a value of overflow.syn_proxy; its end. */
void px_start(unsigned kind, uint32_t mode);
void px_create(unsigned kind, uint32_t mode); /* not attached yet */
void px_end(void);
void px_set(const char *name, uint64_t value);

struct px_heard px_hear(const struct ct_test_packet *p);
struct px_heard px_hear_sent(unsigned n);

/* The whole way of px.w.p, which is as it leaves afterwards; user is NULL if it
 * does not. */
enum ct_verdict px_by_burst(struct ct_pkt *pkt);
enum ct_verdict px_by_verbs(struct ct_pkt *pkt);
struct ct_pkt px_route_with(uint32_t tailroom, const struct ct_policy *by);

/* It must be dropped: why.  It must pass: as what. */
unsigned px_dropped(void);
struct px_heard px_passed(void);

/* Put a segment of an end into px.w.p: without options, with a time stamp; the
 * server's has ten bytes then. */
void px_client(uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len);
void px_server(uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len);
void px_client_says(uint8_t flags, uint32_t seq, uint32_t ack, uint32_t tsval,
		    uint32_t tsecr);
void px_server_says(uint8_t flags, uint32_t seq, uint32_t ack, uint32_t tsval,
		    uint32_t tsecr);

/* MSS, SACK, time stamps, shift: what a usual SYN has; => bytes. */
uint32_t px_offer(uint8_t options[40], uint16_t mss, uint8_t shift,
		  uint32_t tsval, uint32_t tsecr);

/* The SYN of a client with all options; => what it is answered. */
struct px_heard px_syn_of_all(void);

/* The same without any; => the cookie. */
uint32_t px_knock(void);

/* From now on the server answers as the packet that left wants it. */
void px_meet_server(const struct px_heard *syn);

/* The cookie comes back; => what the server gets. */
struct px_heard px_open_by(uint32_t cookie);

/* Without options, up to the client's window; => the cookie. */
uint32_t px_establish(void);

struct ct_conn *px_found(void);
const char *px_state(void);
struct ct_pressure px_pressure(void);

#endif
