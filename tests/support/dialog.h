/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection that a helper listens to: who says what, and what leaves.
 *
 *	struct ct_dialog talk;
 *
 *	ct_dialog_begin(&talk, &w, "pptp", &flow);
 *	talk.rules.src = &range;			... if it is translated
 *	ct_dialog_connect(&talk);				TCP: the handshake
 *	ct_dialog_say(&talk, CT_DIR_ORIG, bytes, len);
 *	... talk.said: the payload as it left
 *
 * The answering end speaks to whom it sees, so that NAT is undone on the way
 * back.  Every checksum is checked.
 */
#ifndef CT_TEST_DIALOG_H
#define CT_TEST_DIALOG_H

#include "nat.h"

struct ct_dialog {
	struct ct_world *w;
	const struct ct_policy *policy; /* of all its packets, or NULL */
	struct ct_test_rules rules;
	struct ct_test_flow inside;  /* as the first end sends */
	struct ct_test_flow outside; /* as the other one sees it */
	uint32_t seq[CT_DIR_MAX];
	bool tcp;
	struct ct_pkt pkt;       /* the last one */
	struct ct_test_packet p; /* its bytes, as they left */
	const uint8_t *said;     /* its payload */
	uint32_t said_len;
};

/* A TCP connection, or with ct_dialog_udp() a UDP one; nothing is sent. */
void ct_dialog_begin(struct ct_dialog *talk, struct ct_world *w,
		     const char *helper, const struct ct_test_flow *flow);
void ct_dialog_begin_udp(struct ct_dialog *talk, struct ct_world *w,
			 const char *helper, const struct ct_test_flow *flow);

/* The handshake, or the first datagram; talk->pkt.conn is the connection. */
void ct_dialog_connect(struct ct_dialog *talk);

/* One segment or datagram of an end; => what ct_confirm() says. */
enum ct_verdict ct_dialog_try(struct ct_dialog *talk, enum ct_dir dir,
			      const void *bytes, size_t len);

/* The same; it must be accepted. */
void ct_dialog_say(struct ct_dialog *talk, enum ct_dir dir, const void *bytes,
		   size_t len);

/* A first packet of another connection through the same router, without a
 * policy; it must be accepted.  => That packet; talk->p is what left. */
struct ct_pkt ct_dialog_knock(struct ct_dialog *talk,
			      const struct ct_test_flow *flow, uint8_t l4);

/* A flow of IPv4: host order. */
struct ct_test_flow ct_dialog_flow(uint32_t src, uint16_t sport, uint32_t dst,
				   uint16_t dport);

/* The last packet goes to, or comes from, this end. */
void ct_dialog_goes_to(const struct ct_dialog *talk, uint32_t addr,
		       uint16_t port);
void ct_dialog_comes_from(const struct ct_dialog *talk, uint32_t addr);

#endif /* CT_TEST_DIALOG_H */
