/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * round.h - what one row of a report is made of, round after round
 *
 * Ratios are taken within a round, where the library and the limit saw the same
 * neighbours, and only then is their median taken.
 */
#ifndef ROUND_H
#define ROUND_H

#include "limit.h"

struct row {
	struct series ns;       /* a packet */
	struct series median;   /* where ns is a mean */
	struct series poll;     /* a packet's share of the polls */
	struct series to_limit; /* ns / limit2 */
	struct series to_l1;
	struct series to_dram; /* ns / two steps of the chase */
	struct series p99;     /* of a burst's mean / the median */
	struct series p999;
	struct series bytes; /* a connection; see row_weigh() */
	uint64_t n_bad;
	uint64_t n_faults;
	uint64_t n_switches;
	uint64_t n_events;
	uint64_t n_packets;
};

enum row_kind {
	ROW_MEDIAN, /* of all bursts */
	ROW_MEAN    /* of those that were not interrupted */
};

/* Take over what n seats found out in a round. */
void row_add(struct row *row, const struct seat *seat, unsigned n,
	     enum row_kind kind);

/* After the limits' round: ratios of the last round. */
void row_compare(struct row *row, const struct limits *limits,
		 unsigned n_threads);

/* Note what the table takes while its connections are there. */
void row_weigh(struct row *row, struct world *world);

/* Columns ns_per_packet to page_faults; the caller begins and ends the row. */
void row_report(const struct row *row, struct report *report,
		const struct limits *limits, unsigned n_threads);

/* The words "1 thread", "2 threads", ...: for a row. */
const char *row_threads(unsigned n_threads);

/* Columns scaling, limit2_scaling and their ratio, of rounds. */
struct scaling {
	struct series ours;
	struct series limits;
	struct series ratio;
};

void scaling_add(struct scaling *scaling, const struct row *one,
		 const struct row *all, const struct limits *limits,
		 unsigned n_threads);
void scaling_report(const struct scaling *scaling, struct report *report);

#endif /* ROUND_H */
