/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stat.c - see stat.h
 */
#include "stat.h"

#include "host.h"

#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int by_ticks(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

void series_add(struct series *series, double value)
{
	if (series->n < ROUNDS_MAX)
		series->value[series->n++] = value;
}

double series_median(const struct series *series)
{
	struct series sorted = *series;
	unsigned half = series->n / 2;

	if (series->n == 0)
		return 0;
	qsort(sorted.value, sorted.n, sizeof(*sorted.value), by_value);
	if (series->n % 2)
		return sorted.value[half];
	return (sorted.value[half - 1] + sorted.value[half]) / 2;
}

double series_max(const struct series *series)
{
	double max = 0;

	for (unsigned i = 0; i < series->n; i++)
		if (series->value[i] > max)
			max = series->value[i];
	return max;
}

void samples_init(struct samples *samples)
{
	samples->n = 0;
	samples->ticks =
		host_big_alloc(SAMPLES_MAX * sizeof(*samples->ticks), false);
	/* Touched now, so that no page fault is measured. */
	memset(samples->ticks, 1, SAMPLES_MAX * sizeof(*samples->ticks));
}

void samples_free(struct samples *samples)
{
	host_big_free(samples->ticks, SAMPLES_MAX * sizeof(*samples->ticks));
	samples->ticks = NULL;
}

static uint64_t sort(const struct samples *samples)
{
	uint64_t n = samples->n < SAMPLES_MAX ? samples->n : SAMPLES_MAX;

	qsort(samples->ticks, n, sizeof(*samples->ticks), by_ticks);
	return n;
}

static double part_of(const struct samples *samples, uint64_t n, double part)
{
	return n ? samples->ticks[(uint64_t)((double)(n - 1) * part)] : 0;
}

double samples_part(const struct samples *samples, double part)
{
	return part_of(samples, sort(samples), part);
}

double samples_own(const struct samples *samples, const struct samples *noise,
		   double part)
{
	uint64_t n = sort(samples), m = sort(noise);
	uint64_t i = n, j = m;

	if (n == 0 || m == 0)
		return part_of(samples, n, part);
	while (i > n / 2 + 1) {
		double calls, loops;

		/* Beyond the one below: would it still do? */
		while (j > 0 && noise->ticks[j - 1] > samples->ticks[i - 2])
			j--;
		calls = (double)(n - i + 1) / (double)n;
		loops = (double)(m - j) / (double)m;
		if (calls - loops > (1 - part) * (1 - loops))
			break;
		i--;
	}
	return samples->ticks[i - 1];
}

void samples_parts(const struct samples *samples, struct parts *parts)
{
	uint64_t n = sort(samples);

	parts->median = part_of(samples, n, 0.5);
	parts->p99 = part_of(samples, n, 0.99);
	parts->p999 = part_of(samples, n, 0.999);
}
