/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What came by in a replay, in numbers, and the table that shows them.
 *
 * Packets are counted as they pass; connections when they become known
 * (summary_new) and once more, under their last state, when they end or are
 * still there at the end (summary_last).
 */
#ifndef REPLAY_SUMMARY_H
#define REPLAY_SUMMARY_H

#include "link.h"

#include <conntrack/conntrack.h>
#include <stdio.h>

/* Named states of one protocol; TCP has most of them, about a dozen. */
#define SUMMARY_STATES 16

/* Row of the packets in which no transport protocol was found. */
#define SUMMARY_NO_L4 256

struct summary_row {
	uint64_t conns;   /* connections that became known */
	uint64_t packets; /* of every kind */
	uint64_t bytes;   /* of L3 and up, as on the wire */
	uint64_t invalid; /* packets */
	struct {
		const char *name; /* the library's, constant */
		uint64_t conns;
	} states[SUMMARY_STATES];
};

struct summary {
	struct summary_row rows[SUMMARY_NO_L4 + 1]; /* by IPPROTO_* */
	uint64_t reasons[CT_REASON_MAX];            /* packets by reason */
	uint64_t frames;                            /* records of all files */
	uint64_t links[LINK_UNKNOWN + 1]; /* frames by enum link_answer */
	uint64_t cut;      /* frames that were cut on recording */
	uint64_t live;     /* connections there at the end */
	uint64_t first_ns; /* recorded time: of the first */
	uint64_t last_ns;  /* and of the last frame */
};

/* How the table is printed. */
struct summary_style {
	double seconds; /* that the replay took */
	bool colour;
};

/* A packet that went through ct_process() and, unless dropped, ct_confirm(). */
void summary_packet(struct summary *sum, const struct ct_pkt *pkt);

/* A connection became known. */
void summary_new(struct summary *sum, const struct ct_conn *conn);

/* A connection ended, or the replay did. */
void summary_last(struct summary *sum, const struct ct_table *tbl,
		  const struct ct_conn *conn);

void summary_print(const struct summary *sum, const struct summary_style *style,
		   FILE *to);

#endif /* REPLAY_SUMMARY_H */
