/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * round.c - see round.h
 */
#include "round.h"

#include "seat.h"

#include <stdio.h>

static double per(double ticks, uint64_t n)
{
	return n ? host_ns(ticks) / (double)n : 0;
}

void row_add(struct row *row, const struct seat *seat, unsigned n,
	     enum row_kind kind)
{
	unsigned burst = seat->world->options->burst;
	double mean = 0, median = 0, poll = 0, p99 = 0, p999 = 0;

	for (unsigned t = 0; t < n; t++, seat++) {
		struct parts parts;

		samples_parts(&seat->samples, &parts);
		median += per(parts.median, burst) / n;
		mean += per((double)seat->ticks, seat->n_clean) / n;
		poll += per((double)seat->poll_ticks, seat->n_polled) / n;
		p99 += parts.median > 0 ? parts.p99 / parts.median / n : 0;
		p999 += parts.median > 0 ? parts.p999 / parts.median / n : 0;
		row->n_bad += seat->n_bad;
		row->n_faults += seat->n_faults;
		row->n_switches += seat->n_switches;
		row->n_events += seat->n_events;
		row->n_packets += seat->n_packets;
	}
	series_add(&row->ns, kind == ROW_MEAN ? mean : median);
	series_add(&row->median, median);
	series_add(&row->poll, poll);
	series_add(&row->p99, p99);
	series_add(&row->p999, p999);
}

void row_weigh(struct row *row, struct world *world)
{
	series_add(&row->bytes, world_bytes_per_conn(world));
}

void row_compare(struct row *row, const struct limits *limits,
		 unsigned n_threads)
{
	double ns = limits_last(&row->ns);

	series_add(&row->to_limit,
		   ns / limits_last(n_threads > 1 ? &limits->limit2s
						  : &limits->limit2));
	series_add(&row->to_l1, ns / limits_last(&limits->l1_step));
	series_add(&row->to_dram, ns / limits_last(&limits->dram_step) / 2);
}

void row_report(const struct row *row, struct report *report,
		const struct limits *limits, unsigned n_threads)
{
	limits_report_speed(limits, report, n_threads, series_median(&row->ns),
			    series_median(&row->to_limit));
	report_num(report, "ratio_to_l1", series_median(&row->to_l1), 1);
	report_num(report, "ratio_to_2dram", series_median(&row->to_dram), 2);
	report_num(report, "median_ns", series_median(&row->median), 2);
	report_num(report, "poll_ns", series_median(&row->poll), 2);
	report_num(report, "p99_ratio", series_median(&row->p99), 2);
	report_num(report, "p999_ratio", series_median(&row->p999), 2);
	report_num(report, "bytes_per_conn", series_median(&row->bytes), 1);
	report_num(report, "page_faults", (double)row->n_faults, 0);
	report_num(report, "interrupted", (double)row->n_switches, 0);
	report_num(report, "bad", (double)row->n_bad, 0);
}

const char *row_threads(unsigned n_threads)
{
	static char text[REPORT_WORD]; /* read before the next call */

	snprintf(text, sizeof(text), "%u thread%s", n_threads,
		 n_threads == 1 ? "" : "s");
	return text;
}

void scaling_add(struct scaling *scaling, const struct row *one,
		 const struct row *all, const struct limits *limits,
		 unsigned n_threads)
{
	double ours = n_threads * limits_last(&one->ns) / limits_last(&all->ns);
	double theirs = limits_scaling(limits, n_threads);

	series_add(&scaling->ours, ours);
	series_add(&scaling->limits, theirs);
	series_add(&scaling->ratio, ours / theirs);
}

void scaling_report(const struct scaling *scaling, struct report *report)
{
	report_num(report, "scaling", series_median(&scaling->ours), 2);
	report_num(report, "limit2_scaling", series_median(&scaling->limits),
		   2);
	report_num(report, "scaling_ratio", series_median(&scaling->ratio), 2);
}
