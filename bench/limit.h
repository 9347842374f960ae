/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limit.h - what this machine can do at all, measured beside the library
 *
 *	chase	each line says where the next one is: the time of one access
 *		that nothing can hide
 *	limit2	hash a key of 16 bytes, load a random line of an array as large
 *		as the hash table, then the line that it names of an array as
 *		large as the connections; in bursts, with prefetch.  No table
 *		that finds a connection by its key does it faster.
 *
 * Both walk over the same memory, which lies on the same kind of pages as the
 * library's:
 *
 *	0              n_table                              n_table + n_slab
 *	+--------------+------------------------------------+
 *	| table        | slab                               |
 *	+--------------+------------------------------------+
 */
#ifndef LIMIT_H
#define LIMIT_H

#include "report.h"
#include "stat.h"
#include "world.h"

struct line {
	const struct line *next; /* of the chase */
	uint32_t name;           /* limit2: of a line in the slab */
	uint32_t value[13];
};

struct limit {
	struct line *line;
	uint32_t n_table;
	uint32_t n_slab;
	uint8_t secret[192];
};

/* The limits of a run: one for each size that a bar is about. */
struct limits {
	struct limit first; /* as large as half of a level 1 cache */
	struct limit whole; /* as large as the table and the connections */
	struct series l1_step;
	struct series dram_step;
	struct series limit2;  /* on one thread */
	struct series limit2s; /* on all threads, each one's */
};

/* One alone, of so many lines. */
void limit_open(struct limit *limit, uint32_t n_table, uint32_t n_slab,
		bool small_pages);
void limit_close(struct limit *limit);

/* Find so many random keys, in bursts of n. */
void limit_work(const struct limit *limit, uint64_t *random, unsigned n,
		uint64_t keys);

void limits_open(struct limits *limits, const struct options *options,
		 uint32_t conns);
void limits_close(struct limits *limits);

/* Measure each once, between the rounds of the library. */
void limits_round(struct limits *limits, struct world *world);

/* => The round's last numbers, in ns. */
double limits_last(const struct series *series);

/* => How much more all threads do than one; of a round. */
double limits_scaling(const struct limits *limits, unsigned n_threads);

/* Columns: limit2_ns, l1_step_ns, dram_step_ns. */
void limits_report(const struct limits *limits, struct report *report,
		   unsigned n_threads);

/*
 * The columns that every command has which takes time, whatever its unit is:
 * ns_per_packet, mpps, those of limits_report(), ratio_to_limit2.
 */
void limits_report_speed(const struct limits *limits, struct report *report,
			 unsigned n_threads, double ns, double to_limit2);

#endif /* LIMIT_H */
