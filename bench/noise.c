/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * noise.c - see noise.h
 */
#include "noise.h"

enum { FIRST_KEYS = 64, SHARE = 64 };

/*
 * Half of the loops take longer than so many ticks, half less: each makes the
 * next one a little shorter, or longer.
 */
struct loop {
	const struct limit *limit;
	uint64_t keys;
	uint64_t ticks;
};

static uint64_t turn(struct loop *loop, struct seat *seat)
{
	uint64_t start = host_ticks();
	uint64_t took;

	limit_work(loop->limit, &seat->random, seat->world->options->burst,
		   loop->keys);
	took = host_ticks() - start;
	if (took < loop->ticks)
		loop->keys += loop->keys / SHARE + 1;
	else if (loop->keys > 1)
		loop->keys -= (loop->keys - 1) / SHARE + 1;
	return took;
}

struct noise {
	const struct limit *limit;
	unsigned ms;
};

static void listen(struct seat *seat, void *user)
{
	const struct noise *noise = user;
	const struct options *options = seat->world->options;
	struct loop loop = { noise->limit, FIRST_KEYS,
			     (uint64_t)samples_part(&seat->samples, 0.5) };
	uint64_t now = host_ticks();
	uint64_t warm = now + host_ticks_of_ms(noise->ms) / 5;
	uint64_t end = now + host_ticks_of_ms(noise->ms);
	struct watch watch;

	seat->noise.n = 0;
	watch_start(&watch);
	do {
		uint64_t took = turn(&loop, seat);
		long before = watch.before.switches;

		host_mishaps(&watch.before);
		now = host_ticks();
		if (now >= warm && watch.before.switches == before)
			samples_add(&seat->noise, took);
	} while (now < end && !options->bursts);
}

void noise_round(struct world *world, unsigned n, const struct limit *limit,
		 unsigned ms)
{
	struct noise noise = { limit, ms };

	world_team(world, n, listen, &noise);
}

/* --- Tails -------------------------------------------------------------- */

enum { MEDIAN = 1000 };

void tails_open(struct tails *tails)
{
	samples_init(&tails->calls);
	samples_init(&tails->loops);
}

void tails_close(struct tails *tails)
{
	samples_free(&tails->calls);
	samples_free(&tails->loops);
}

static void add(struct samples *all, const struct samples *round)
{
	double median = samples_part(round, 0.5);
	uint64_t n = round->n < SAMPLES_MAX ? round->n : SAMPLES_MAX;

	for (uint64_t i = 0; i < n; i++)
		samples_add(all, (uint64_t)(MEDIAN * round->ticks[i] / median));
}

void tails_add(struct tails *tails, const struct seat *seat)
{
	add(&tails->calls, &seat->samples);
	add(&tails->loops, &seat->noise);
}

void tails_report(const struct tails *tails, struct report *report)
{
	const struct samples *calls = &tails->calls, *loops = &tails->loops;

	report_num(report, "own_p99_ratio",
		   samples_own(calls, loops, 0.99) / MEDIAN, 2);
	report_num(report, "own_p999_ratio",
		   samples_own(calls, loops, 0.999) / MEDIAN, 2);
	report_num(report, "noise_p999_ratio",
		   samples_part(loops, 0.999) / MEDIAN, 2);
}
