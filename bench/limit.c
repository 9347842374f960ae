/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limit.c - see limit.h
 */
#include "limit.h"

#include "seat.h"

#define XXH_INLINE_ALL
#include <string.h>
#include <xxhash.h>

enum {
	KEYS_PER_BUCKET = 6, /* as docs/architecture.md has it */
	CONN_LINES = 2,
	FIRST_LINES = 256, /* 16 KB */
	STEPS = 512,       /* of a chase, between two looks at the clock */
	KEY_LEN = 16
};

static uint32_t n_lines(const struct limit *limit)
{
	return limit->n_table + limit->n_slab;
}

static size_t bytes(const struct limit *limit)
{
	return (size_t)n_lines(limit) * sizeof(struct line);
}

/* One ring through all lines, in random order (Sattolo's algorithm). */
static void tie(struct limit *limit, uint64_t *random)
{
	struct line *line = limit->line;
	uint32_t n = n_lines(limit);

	for (uint32_t i = 0; i < n; i++) {
		line[i].next = &line[i];
		line[i].name = (uint32_t)random64(random);
	}
	for (uint32_t i = n - 1; i > 0; i--) {
		uint32_t j = random_below(random64(random), i);
		const struct line *next = line[i].next;

		line[i].next = line[j].next;
		line[j].next = next;
	}
}

void limit_open(struct limit *limit, uint32_t n_table, uint32_t n_slab,
		bool small_pages)
{
	uint64_t random = 1;

	limit->n_table = n_table;
	limit->n_slab = n_slab;
	limit->line = host_big_alloc(bytes(limit), small_pages);
	for (size_t i = 0; i < sizeof(limit->secret); i++)
		limit->secret[i] = (uint8_t)random64(&random);
	tie(limit, &random);
}

void limit_close(struct limit *limit)
{
	host_big_free(limit->line, bytes(limit));
}

/* What a limit may use of a round: first it gets its caches back. */
struct span {
	uint64_t warm; /* until then nothing counts */
	uint64_t end;
};

static struct span span_of(const struct options *options, unsigned parts)
{
	uint64_t now = host_ticks();
	uint64_t length = host_ticks_of_ms(options->ms) / parts;

	if (options->bursts) /* instructions are counted, not time */
		return (struct span){ now, now };
	return (struct span){ now + length / 5, now + length };
}

static void span_add(const struct span *span, struct seat *seat, uint64_t start,
		     uint64_t end)
{
	uint64_t nothing = host_ticks_nothing();

	if (start >= span->warm || end >= span->end)
		samples_add(&seat->samples,
			    end - start > nothing ? end - start - nothing : 0);
}

/* --- The chase ---------------------------------------------------------- */

static void chase(struct seat *seat, void *user)
{
	const struct limit *limit = user;
	const struct line *at = limit->line + seat->random % n_lines(limit);
	struct span span = span_of(seat->world->options, 4);
	uint64_t start, end;

	seat_round(seat);
	do {
		start = host_ticks();
		for (unsigned i = 0; i < STEPS; i++)
			at = at->next;
		/* The clock waits for the last step. */
		__asm__ volatile("" : "+r"(at));
		end = host_ticks();
		span_add(&span, seat, start, end);
	} while (end < span.end);
	/* The next round goes on somewhere else. */
	seat->random += (uint64_t)(at - limit->line);
}

static double chase_ns(struct limit *limit, struct world *world)
{
	world_team(world, 1, chase, limit);
	return host_ns(samples_part(&world->seat[0].samples, 0.5)) / STEPS;
}

/* --- limit2 ------------------------------------------------------------- */

struct keys {
	uint8_t key[BURST_MAX][KEY_LEN];
	uint64_t hash[BURST_MAX];
	uint32_t at[BURST_MAX];
};

static uint32_t look(const struct limit *limit, struct keys *keys, unsigned n)
{
	const struct line *table = limit->line;
	const struct line *slab = limit->line + limit->n_table;
	uint32_t sum = 0;

	for (unsigned i = 0; i < n; i++) {
		keys->hash[i] = XXH3_64bits_withSecret(keys->key[i], KEY_LEN,
						       limit->secret,
						       sizeof(limit->secret));
		keys->at[i] = random_below(keys->hash[i], limit->n_table);
		__builtin_prefetch(&table[keys->at[i]]);
	}
	for (unsigned i = 0; i < n; i++) {
		/* Both words: else no more lines than the table has. */
		uint64_t name = (uint64_t)(table[keys->at[i]].name +
					   (uint32_t)keys->hash[i])
				<< 32;

		keys->at[i] = random_below(name, limit->n_slab);
		__builtin_prefetch(&slab[keys->at[i]]);
	}
	for (unsigned i = 0; i < n; i++)
		sum += slab[keys->at[i]].value[0];
	return sum;
}

static void draw(struct keys *keys, unsigned n, uint64_t *random)
{
	for (unsigned i = 0; i < n; i++) {
		uint64_t half[2] = { random64(random), random64(random) };

		memcpy(keys->key[i], half, KEY_LEN);
	}
}

void limit_work(const struct limit *limit, uint64_t *random, unsigned n,
		uint64_t left)
{
	struct keys keys;

	for (; left > 0; left -= n) {
		uint32_t sum;

		if (n > left)
			n = (unsigned)left;
		draw(&keys, n, random);
		sum = look(limit, &keys, n);
		__asm__ volatile("" : : "r"(sum));
	}
}

static void limit2(struct seat *seat, void *user)
{
	const struct limit *limit = user;
	unsigned n = seat->world->options->burst;
	struct span span = span_of(seat->world->options, 2);
	uint64_t start, end;
	struct keys keys;
	uint32_t sum;

	seat_round(seat);
	do {
		draw(&keys, n, &seat->random);
		start = host_ticks();
		sum = look(limit, &keys, n);
		__asm__ volatile("" : : "r"(sum));
		end = host_ticks();
		span_add(&span, seat, start, end);
	} while (end < span.end);
}

static double limit2_ns(struct limit *limit, struct world *world,
			unsigned n_threads)
{
	double ticks = 0;

	world_team(world, n_threads, limit2, limit);
	for (unsigned t = 0; t < n_threads; t++)
		ticks += samples_part(&world->seat[t].samples, 0.5);
	return host_ns(ticks) / n_threads / world->options->burst;
}

/* --- All of them -------------------------------------------------------- */

void limits_open(struct limits *limits, const struct options *options,
		 uint32_t conns)
{
	memset(limits, 0, sizeof(*limits));
	limit_open(&limits->first, FIRST_LINES / 2, FIRST_LINES / 2,
		   options->small_pages);
	limit_open(&limits->whole, 2 * conns / KEYS_PER_BUCKET + 1,
		   CONN_LINES * conns, options->small_pages);
}

void limits_close(struct limits *limits)
{
	limit_close(&limits->first);
	limit_close(&limits->whole);
}

void limits_round(struct limits *limits, struct world *world)
{
	unsigned n = world->options->threads;

	series_add(&limits->l1_step, chase_ns(&limits->first, world));
	series_add(&limits->dram_step, chase_ns(&limits->whole, world));
	series_add(&limits->limit2, limit2_ns(&limits->whole, world, 1));
	series_add(&limits->limit2s, n > 1 ? limit2_ns(&limits->whole, world, n)
					   : limits_last(&limits->limit2));
}

double limits_last(const struct series *series)
{
	return series->n ? series->value[series->n - 1] : 0;
}

double limits_scaling(const struct limits *limits, unsigned n_threads)
{
	return n_threads * limits_last(&limits->limit2) /
	       limits_last(&limits->limit2s);
}

void limits_report(const struct limits *limits, struct report *report,
		   unsigned n_threads)
{
	report_num(report, "limit2_ns",
		   series_median(n_threads > 1 ? &limits->limit2s
					       : &limits->limit2),
		   2);
	report_num(report, "l1_step_ns", series_median(&limits->l1_step), 2);
	report_num(report, "dram_step_ns", series_median(&limits->dram_step),
		   1);
}

void limits_report_speed(const struct limits *limits, struct report *report,
			 unsigned n_threads, double ns, double to_limit2)
{
	report_num(report, "ns_per_packet", ns, 3);
	report_num(report, "mpps", ns > 0 ? n_threads * 1e3 / ns : 0, 2);
	limits_report(limits, report, n_threads);
	report_num(report, "ratio_to_limit2", to_limit2, 3);
}
