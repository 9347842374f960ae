/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gateway.h - the gateway: two devices, a policy and a connection table
 *
 *	gateway.c	opening, closing, the loop
 *	forward.c	the way of packets
 *	rules.c		what becomes of new connections
 *	helpers.c	which of them get a helper
 *	report.c	the event log, statistics
 *
 * One thread does it all.
 */
#ifndef TUN_NAT_GATEWAY_H
#define TUN_NAT_GATEWAY_H

#include "icmp.h"
#include "policy.h"
#include "tun.h"

#include <conntrack/conntrack.h>
#include <conntrack/dump.h>
#include <signal.h>
#include <stdio.h>

/* Packets that are read before the first of them is sent.  Few, so that the
 * bytes of super-packets are still in the cache. */
enum { BURST = 16 };

/* Why a packet went no further; beside the library's own reasons. */
#define DROPS(X)                                                      \
	X(NOT_IP, "not a whole IP packet")                            \
	X(SPOOFED, "its source is not on the side that it came from") \
	X(EXPIRED, "its time to live was over")                       \
	X(TOO_BIG, "larger than the MTU")                             \
	X(INVALID, "fits into no connection; the reasons say why")    \
	X(UNTRACKED, "neighbour discovery and the like")              \
	X(LOST, "refused by the library; the reasons say why")        \
	X(REFUSED, "from outside, and nothing forwards it")           \
	X(NOWHERE, "from inside, to what is not outside")             \
	X(EXHAUSTED, "no address or port was free")                   \
	X(ASTRAY, "would go back outside")

enum drop {
#define DROP_ENUM(name, text) DROP_##name,
	DROPS(DROP_ENUM)
#undef DROP_ENUM
		DROP_MAX
};

enum log_form { LOG_TEXT, LOG_JSON, LOG_NONE };

struct gateway {
	const struct policy *policy;
	enum log_form log;
	struct tun tun[SIDES];
	struct ct_table *tbl;
	struct ct_thread *thr;
	struct ct_sub *sub;
	const struct ct_policy *helpers[POLICY_HELPERS]; /* as policy has it */
	struct frame *frames;                            /* BURST of them */
	uint64_t now_ns;
	uint64_t next_tick;    /* when the clock's share of work is due */
	uint32_t errors_left;  /* ICMP errors that may be sent until then */
	uint64_t errors;       /* sent */
	uint64_t errors_saved; /* not sent, as there were too many */
	uint64_t pings;        /* answered */
	uint64_t own;          /* packets of the library's own */
	uint64_t drops[DROP_MAX];
};

/* => False after a line on stderr when the table would not be as the policy
 *    wants it. */
bool gateway_check(const struct policy *policy);

/* => False after a line on stderr; nothing is left open then. */
bool gateway_open(struct gateway *gw, const struct policy *policy,
		  enum log_form log);

/* Ends all connections, which is logged. */
void gateway_close(struct gateway *gw);

/* Signals, as their handlers leave word. */
struct wishes {
	volatile sig_atomic_t stop;
	volatile sig_atomic_t report;
};

/*
 * Work until wishes->stop.
 *
 * => The signals that make wishes are blocked; asleep is the mask to sleep
 *    with, which lets them in.
 * => False when a device was taken away.
 */
bool gateway_run(struct gateway *gw, struct wishes *wishes,
		 const sigset_t *asleep);

/* Packets as they are, from one device to the other: what the gateway's
 * throughput is compared with.  Contract of gateway_run(). */
bool gateway_copy(struct gateway *gw, struct wishes *wishes,
		  const sigset_t *asleep);

/* Take the packets that one side has, a burst at most, and send them on. */
void forward_burst(struct gateway *gw, enum side from);

/* Tell the sender of a packet what is wrong with it, unless one may not. */
void forward_error(struct gateway *gw, const struct frame *frame,
		   enum icmp_error what, uint32_t mtu);

/* ct_host.emit: send a packet of the library's own; user is the gateway. */
void forward_own(void *user, const struct ct_pkt *pkt);

/* ct_rules.new_conn; user is the gateway, pkt->user the frame. */
enum ct_verdict rules_new_conn(void *user, struct ct_thread *thr,
			       struct ct_pkt *pkt);

/* => False after a line on stderr when the library has not such a helper. */
bool helpers_open(struct gateway *gw);

/* => The library's policy for a packet, or NULL. */
const struct ct_policy *helpers_policy(const struct gateway *gw,
				       const struct frame *frame);

/* ct_event_fn; user is the gateway. */
void report_event(void *user, const struct ct_event_info *ev);

void report_stats(const struct gateway *gw, FILE *to);

#endif /* TUN_NAT_GATEWAY_H */
