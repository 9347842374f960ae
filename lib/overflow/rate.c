/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rate.c - a line of worth; see rate.h
 */
#include "overflow/rate.h"

#include "core/table.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* => The hand's line of the chunk that unit is in. */
static struct ct_rate_line line_at(const struct ct_slab *slab, uint32_t unit)
{
	struct ct_rate_line line = { .chunk = unit &
					      ~((1u << slab->shift) - 1u) };
	uint32_t end = (ct_slab_chunk_end(slab, unit) - line.chunk + 1) / 2;

	line.first = (unit - line.chunk) / 2 & ~(CT_RATE_LINE - 1u);
	line.n = end - line.first;
	if (line.n > CT_RATE_LINE)
		line.n = CT_RATE_LINE;
	line.worth = ct_slab_worth(slab, line.chunk) + line.first;
	line.deadlines = ct_slab_deadline(slab, line.chunk) + line.first;
	return line;
}

bool ct_rate_next(struct ct_thread *thr, struct ct_rate_line *line)
{
	const struct ct_slab *slab = &thr->tbl->slab;
	uint32_t unit = ct_slab_next_conn(slab, thr->hand);

	if (!unit)
		unit = ct_slab_next_conn(slab, 0);
	if (!unit)
		return false;
	*line = line_at(slab, unit);
	thr->hand = line->chunk + 2 * (line->first + CT_RATE_LINE);
	if (thr->hand >> slab->shift != line->chunk >> slab->shift)
		thr->hand = line->chunk + (1u << slab->shift);
	return true;
}

#if defined(__SSE2__)
enum { LANE = 16 };

/* => 16 bytes of worth, each of them whole; see load_four() in timer.c. */
static inline __m128i load_lane(const _Atomic uint8_t *worth)
{
	__m128i lane;

	__asm__("movdqu %1, %0"
		: "=x"(lane)
		: "m"(*(const __m128i *)(uintptr_t)worth));
	return lane;
}

/* Least of 16 unsigned bytes. */
static inline uint8_t least_of(__m128i v)
{
	v = _mm_min_epu8(v, _mm_srli_si128(v, 8));
	v = _mm_min_epu8(v, _mm_srli_si128(v, 4));
	v = _mm_min_epu8(v, _mm_srli_si128(v, 2));
	v = _mm_min_epu8(v, _mm_srli_si128(v, 1));
	return (uint8_t)_mm_cvtsi128_si32(v);
}

/* => Of the whole line, the least byte less 1: nobody's is 255. */
static uint8_t least(const struct ct_rate_line *line)
{
	const __m128i one = _mm_set1_epi8(1);
	__m128i low = _mm_sub_epi8(load_lane(line->worth), one);

	for (unsigned i = LANE; i < line->n; i += LANE)
		low = _mm_min_epu8(
			low, _mm_sub_epi8(load_lane(line->worth + i), one));
	return least_of(low);
}

static uint64_t places_of(const struct ct_rate_line *line, uint8_t worth)
{
	const __m128i wanted = _mm_set1_epi8((char)worth);
	uint64_t places = 0;

	for (unsigned i = 0; i < line->n; i += LANE) {
		__m128i is = _mm_cmpeq_epi8(load_lane(line->worth + i), wanted);

		places |= (uint64_t)(unsigned)_mm_movemask_epi8(is) << i;
	}
	return places;
}
#else
static uint8_t least(const struct ct_rate_line *line)
{
	uint8_t low = UINT8_MAX;

	for (unsigned i = 0; i < line->n; i++) {
		uint8_t byte =
			(uint8_t)(atomic_load_explicit(&line->worth[i],
						       memory_order_relaxed) -
				  1);

		low = byte < low ? byte : low;
	}
	return low;
}

static uint64_t places_of(const struct ct_rate_line *line, uint8_t worth)
{
	uint64_t places = 0;

	for (unsigned i = 0; i < line->n; i++)
		if (atomic_load_explicit(&line->worth[i],
					 memory_order_relaxed) == worth)
			places |= UINT64_C(1) << i;
	return places;
}
#endif

uint64_t ct_rate_lowest(const struct ct_rate_line *line, uint8_t most,
			uint8_t *worth)
{
	uint8_t low = least(line);
	uint64_t places;

	if (low >= most)
		return 0;
	*worth = (uint8_t)(low + 1);
	places = places_of(line, *worth);
	/* What is behind the last place was never anybody's. */
	if (line->n < CT_RATE_LINE)
		places &= (UINT64_C(1) << line->n) - 1;
	return places;
}

unsigned ct_rate_oldest(const struct ct_rate_line *line, uint64_t places,
			uint32_t now)
{
	unsigned oldest = (unsigned)__builtin_ctzll(places);
	int32_t first = INT32_MAX;

	for (; places; places &= places - 1) {
		unsigned i = (unsigned)__builtin_ctzll(places);
		int32_t left = ct_ticks_until(
			atomic_load_explicit(&line->deadlines[i],
					     memory_order_relaxed),
			now);

		if (left < first) {
			first = left;
			oldest = i;
		}
	}
	return oldest;
}

void ct_rate_tire(const struct ct_rate_line *line)
{
	for (unsigned i = 0; i < line->n; i++) {
		uint8_t was = atomic_load_explicit(&line->worth[i],
						   memory_order_relaxed);

		/* If another one writes meanwhile, so be it. */
		if (was & CT_WORTH_BUSY)
			atomic_compare_exchange_weak_explicit(
				&line->worth[i], &was,
				(uint8_t)(was - CT_WORTH_ONCE),
				memory_order_relaxed, memory_order_relaxed);
	}
}

struct ct_conn *ct_rate_conn(const struct ct_thread *thr,
			     const struct ct_rate_line *line, unsigned i)
{
	uint32_t units = thr->tbl->extend.conn_units;

	return ct_conn_at(thr->tbl,
			  line->chunk + ct_slab_place(line->first + i, units));
}
