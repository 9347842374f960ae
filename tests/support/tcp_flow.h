/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP conversations as tables, played through ct_process() and ct_confirm() of
 * a real table:
 *
 *	static const struct ct_tcp_line lines[] = {
 *		{ ORIG,  S,     0, 1000, 0,    8192, NEW, "SYN_SENT", 120 },
 *		{ REPLY, S | A, 0, 5000, 1001, 8192, EST, "SYN_RECV", 60 },
 *		WAIT(1),
 *		{ ORIG,  R,     0, 1001, 0,    0,    EST, "CLOSE",    10 },
 *	};
 *
 * A line is: who, flags, octets of data, seq, ack, window (as in the header) ->
 * what it is to its connection, the state after it, the seconds that are left.
 * Rarely wanted columns follow, by name.  The first line that is not met fails
 * the test and says which it was.
 *
 * The short names are for test tables only.
 */
#ifndef CT_TEST_TCP_FLOW_H
#define CT_TEST_TCP_FLOW_H

#include "packet.h"

#include <conntrack/dump.h>

/* A line leaves out the columns at its end that nobody wants. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

enum { F = CT_TEST_FIN, S = CT_TEST_SYN, R = CT_TEST_RST };
enum { P = CT_TEST_PSH, A = CT_TEST_ACK, U = CT_TEST_URG };
enum { ORIG = CT_DIR_ORIG, REPLY = CT_DIR_REPLY, PAUSE };
enum { INV = CT_INVALID, NEW = CT_NEW, EST = CT_ESTABLISHED };

/* No such connection any more. */
#define GONE NULL

/* Options of a segment: see ct_tcp_line.options. */
enum { SACK_OK = 1u << 0, SCALE_2 = 1u << 1, SCALE_7 = 1u << 2 };

struct ct_tcp_line {
	uint8_t from;  /* ORIG, REPLY, or PAUSE: seq is seconds */
	uint8_t flags; /* S, A, ... */
	uint16_t len;
	uint32_t seq;
	uint32_t ack;
	uint16_t win;
	uint8_t verdict;   /* INV, NEW, EST */
	const char *state; /* or GONE */
	uint32_t expires;  /* seconds; not looked at when the state is GONE */
	uint16_t reason;   /* enum ct_reason, or 0: not looked at */
	uint8_t options;   /* SACK_OK, SCALE_2, SCALE_7 */
	uint32_t sack[2];  /* a SACK block, or nothing */
};

#define WAIT(seconds)                           \
	{                                       \
		.from = PAUSE, .seq = (seconds) \
	}

/* A table of lines as two arguments. */
#define LINES(lines) lines, sizeof(lines) / sizeof((lines)[0])

/* A table, its clock, and what was traced. */
struct ct_tcp_stage {
	struct ct_table *tbl;
	struct ct_thread *thr;
	uint64_t now_ns;
	char traced[8192]; /* of the last play, one line a sentence */
};

/* A new table in the Linux profile. */
void ct_tcp_stage_open(struct ct_tcp_stage *stage);
void ct_tcp_stage_close(struct ct_tcp_stage *stage);

/* Set a parameter. */
void ct_tcp_stage_set(struct ct_tcp_stage *stage, const char *name,
		      uint64_t value);

/* Play lines on a flow. */
void ct_tcp_play(struct ct_tcp_stage *stage, const struct ct_test_flow *flow,
		 const struct ct_tcp_line *lines, size_t n);

#endif /* CT_TEST_TCP_FLOW_H */
