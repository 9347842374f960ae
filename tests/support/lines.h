/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A helper that reads lines, and a conversation with it.
 *
 * "OLD" becomes "NEWER", "X" nothing, "YES" "yes", "NO" is refused; "~" at the end
 * is held back.  What the helper is shown is written down.
 */
#ifndef CT_TEST_LINES_H
#define CT_TEST_LINES_H

#include "world.h"

#include <conntrack/helper.h>

enum { ROOM = 64, CLIENT_ISN = 1000, SERVER_ISN = 5000 };

struct ct_lines {
	struct ct_world w;
	const struct ct_policy *policy; /* of each packet; names the helper */
	uint32_t seq[CT_DIR_MAX];       /* as each end counts */
	uint8_t l3;                     /* CT_L3_IPV4, unless changed */

	/* What was shown: "[...]" by itself, "(...)" in order, "{...}" again;
	 * a bar where the packet's own bytes begin, a point for a line's
	 * end. */
	char seen[512];
};

extern struct ct_lines ct_lines;
extern const struct ct_helper_ops ct_lines_ops;

/* Fixtures. */
void ct_lines_setup(void);
void ct_lines_teardown(void);

/* The stream is shown in order from now on; 64 bytes are kept. */
void ct_lines_in_order(void);

/* Its two ends, of the l3 that is set. */
const struct ct_test_flow *ct_lines_flow(void);

/* That was shown since the last time. */
void ct_lines_seen(const char *what);

/* The packet that was built last, with this payload at its end. */
struct ct_pkt ct_lines_carry(const char *text);

/* Process, which must not find it invalid, and confirm. */
enum ct_verdict ct_lines_go(struct ct_pkt *pkt);

struct ct_pkt ct_lines_segment(enum ct_dir dir, uint32_t at, uint32_t ack,
			       uint8_t flags, const char *text);
void ct_lines_shake_hands(void);

/* The client says something that begins at a number; or what comes next, which
 * must be accepted. */
struct ct_pkt ct_lines_say_at(uint32_t at, const char *text);
struct ct_pkt ct_lines_say(const char *text);

/* A number of the TCP header. */
uint32_t ct_lines_number(const struct ct_pkt *pkt, uint32_t off);

/* Payload, lengths and sums are right. */
void ct_lines_carries(const struct ct_pkt *pkt, const char *text);

#endif /* CT_TEST_LINES_H */
