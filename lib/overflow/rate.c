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

/* The hand behind a line. */
static void hand_behind(struct ct_thread *thr, const struct ct_rate_line *line)
{
	uint32_t shift = thr->tbl->slab.shift;

	thr->hand = line->chunk + 2 * (line->first + CT_RATE_LINE);
	if (thr->hand >> shift != line->chunk >> shift)
		thr->hand = line->chunk + (1u << shift);
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
	hand_behind(thr, line);
	return true;
}

/* => Of the lines of unit's chunk from its own on, the first that is easy. */
static bool easy_from(const struct ct_slab *slab, uint32_t unit,
		      struct ct_rate_line *line)
{
	uint32_t mask = (1u << slab->shift) - 1;
	uint32_t at = (unit & mask) / 2 / CT_RATE_LINE;
	_Atomic uint64_t *easy = ct_slab_easy(slab, unit >> slab->shift);

	for (uint32_t word = at / 64; word < slab->easy_words; word++) {
		uint64_t bits =
			atomic_load_explicit(&easy[word], memory_order_relaxed);

		if (word == at / 64)
			bits &= UINT64_MAX << at % 64;
		if (!bits)
			continue;
		at = word * 64 + (uint32_t)__builtin_ctzll(bits);
		unit = (unit & ~mask) + 2 * CT_RATE_LINE * at;
		*line = line_at(slab, unit);
		return true;
	}
	return false;
}

bool ct_rate_next_easy(struct ct_thread *thr, struct ct_rate_line *line)
{
	enum { CHUNKS = 64 }; /* that are looked at */
	const struct ct_slab *slab = &thr->tbl->slab;

	for (unsigned i = 0; i < CHUNKS; i++) {
		uint32_t unit = ct_slab_next_conn(slab, thr->hand);

		if (!unit)
			unit = ct_slab_next_conn(slab, 0);
		if (!unit)
			return false;
		if (easy_from(slab, unit, line)) {
			hand_behind(thr, line);
			return true;
		}
		thr->hand = ((unit >> slab->shift) + 1) << slab->shift;
	}
	return false;
}

void ct_rate_uneasy(struct ct_thread *thr, const struct ct_rate_line *line)
{
	const struct ct_slab *slab = &thr->tbl->slab;
	uint32_t at = line->first / CT_RATE_LINE;

	/* Who comes meanwhile is found when the next one comes. */
	atomic_fetch_and_explicit(
		ct_slab_easy(slab, line->chunk >> slab->shift) + at / 64,
		~(UINT64_C(1) << at % 64), memory_order_relaxed);
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

/* => Of the whole line, the least byte less by some; those below it wrap. */
static uint8_t least_from(const struct ct_rate_line *line, uint8_t from)
{
	const __m128i base = _mm_set1_epi8((char)from);
	__m128i low = _mm_set1_epi8((char)UINT8_MAX);

	for (unsigned i = 0; i < line->n; i += LANE)
		low = _mm_min_epu8(
			low, _mm_sub_epi8(load_lane(line->worth + i), base));
	return least_of(low);
}

/* => Of a group that takes turns, the least turn, counted from one. */
static uint8_t least_turn(const struct ct_rate_line *line, uint8_t from,
			  enum ct_worth_group of)
{
	const __m128i base = _mm_set1_epi8((char)from);
	const __m128i turns = _mm_set1_epi8((char)CT_WORTH_BUSY);
	const __m128i groups = _mm_set1_epi8((char)(0xff << CT_WORTH_SHIFT));
	const __m128i group = _mm_set1_epi8((char)(of << CT_WORTH_SHIFT));
	const __m128i ones = _mm_set1_epi8((char)UINT8_MAX);
	__m128i low = ones;

	for (unsigned i = 0; i < line->n; i += LANE) {
		__m128i bytes = load_lane(line->worth + i);
		__m128i is =
			_mm_cmpeq_epi8(_mm_and_si128(bytes, groups), group);
		__m128i turn = _mm_and_si128(_mm_sub_epi8(bytes, base), turns);

		low = _mm_min_epu8(
			low, _mm_or_si128(turn, _mm_andnot_si128(is, ones)));
	}
	return least_of(low);
}

/* => The places whose byte has these bits, of a mask. */
static uint64_t places_of(const struct ct_rate_line *line, uint8_t mask,
			  uint8_t bits)
{
	const __m128i masks = _mm_set1_epi8((char)mask);
	const __m128i wanted = _mm_set1_epi8((char)bits);
	uint64_t places = 0;

	for (unsigned i = 0; i < line->n; i += LANE) {
		__m128i has = _mm_and_si128(load_lane(line->worth + i), masks);
		__m128i is = _mm_cmpeq_epi8(has, wanted);

		places |= (uint64_t)(unsigned)_mm_movemask_epi8(is) << i;
	}
	return places;
}
#else
static uint8_t byte_at(const struct ct_rate_line *line, unsigned i)
{
	return atomic_load_explicit(&line->worth[i], memory_order_relaxed);
}

static uint8_t least_from(const struct ct_rate_line *line, uint8_t from)
{
	uint8_t low = UINT8_MAX;

	for (unsigned i = 0; i < line->n; i++) {
		uint8_t byte = (uint8_t)(byte_at(line, i) - from);

		low = byte < low ? byte : low;
	}
	return low;
}

static uint8_t least_turn(const struct ct_rate_line *line, uint8_t from,
			  enum ct_worth_group of)
{
	uint8_t low = UINT8_MAX;

	for (unsigned i = 0; i < line->n; i++) {
		uint8_t byte = byte_at(line, i);
		uint8_t turn = (uint8_t)(byte - from) & CT_WORTH_BUSY;

		if (ct_worth_group(byte) == of && turn < low)
			low = turn;
	}
	return low;
}

static uint64_t places_of(const struct ct_rate_line *line, uint8_t mask,
			  uint8_t bits)
{
	uint64_t places = 0;

	for (unsigned i = 0; i < line->n; i++)
		if ((byte_at(line, i) & mask) == bits)
			places |= UINT64_C(1) << i;
	return places;
}
#endif

/* What is behind the last place was never anybody's. */
static uint64_t within(const struct ct_rate_line *line, uint64_t places)
{
	return line->n < CT_RATE_LINE ? places & ((UINT64_C(1) << line->n) - 1)
				      : places;
}

/* => Of the places of a group that takes turns, those that came first. */
static uint64_t first_come(const struct ct_rate_line *line, uint32_t turn,
			   enum ct_worth_group of)
{
	/* The turn after this one is the one of 16 that is longest ago. */
	uint8_t from = (uint8_t)((turn + 1) * CT_WORTH_ONCE) & CT_WORTH_BUSY;
	uint8_t ago = least_turn(line, from, of);
	uint8_t byte = (uint8_t)(of << CT_WORTH_SHIFT |
				 ((from + ago) & CT_WORTH_BUSY));
	uint64_t places = places_of(line, UINT8_MAX, byte);

	/* Those that are translated go last. */
	if (!places)
		places = places_of(line, UINT8_MAX, byte | CT_WORTH_NAT);
	return within(line, places);
}

/* => The least byte of the assured ones, stale or not; 0: there are none. */
static uint8_t least_assured(const struct ct_rate_line *line)
{
	const uint8_t stale = CT_WORTH_STALE << CT_WORTH_SHIFT;
	uint8_t low = least_from(line, stale);

	return low < (2 << CT_WORTH_SHIFT) ? (uint8_t)(low + stale) : 0;
}

uint64_t ct_rate_first(const struct ct_rate_line *line, uint32_t turn,
		       bool spare, uint8_t *group)
{
	uint8_t low = least_from(line, 1), other;

	*group = CT_WORTH_KEPT;
	if (low == UINT8_MAX)
		return 0;
	low++;
	if (spare && ct_worth_group(low) == CT_WORTH_UNPROVEN) {
		other = least_assured(line);
		low = other ? other : low;
	}
	*group = (uint8_t)ct_worth_group(low);
	if (*group == CT_WORTH_UNPROVEN)
		return first_come(line, turn, CT_WORTH_UNPROVEN);
	return within(line, places_of(line, UINT8_MAX, low));
}

uint64_t ct_rate_kept(const struct ct_rate_line *line, uint32_t turn)
{
	return first_come(line, turn, CT_WORTH_KEPT_WEAK);
}

unsigned ct_rate_unproven(const struct ct_rate_line *line)
{
	uint64_t places = places_of(line, (uint8_t)(0xff << CT_WORTH_SHIFT),
				    CT_WORTH_UNPROVEN << CT_WORTH_SHIFT);

	return (unsigned)__builtin_popcountll(within(line, places));
}

uint64_t ct_rate_all(const struct ct_rate_line *line)
{
	return within(line, ~places_of(line, UINT8_MAX, 0));
}

uint32_t ct_rate_anywhere(struct ct_thread *thr)
{
	const struct ct_slab *slab = &thr->tbl->slab;
	uint32_t n =
		atomic_load_explicit(&slab->n_chunks, memory_order_relaxed);
	uint64_t random = ct_random(thr);

	return (uint32_t)(random * ((uint64_t)n << slab->shift) >> 32);
}

unsigned ct_rate_any(struct ct_thread *thr, uint64_t places)
{
	unsigned n = ct_random(thr) % (unsigned)__builtin_popcountll(places);

	while (n--)
		places &= places - 1;
	return (unsigned)__builtin_ctzll(places);
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

		/* Others hold a turn, or nothing.  If another one writes
		 * meanwhile, so be it. */
		if (was & CT_WORTH_BUSY && ct_worth_is_proven(was))
			atomic_compare_exchange_weak_explicit(
				&line->worth[i], &was,
				(uint8_t)((was & ~(unsigned)CT_WORTH_BUSY) |
					  (was / 2 & CT_WORTH_BUSY)),
				memory_order_relaxed, memory_order_relaxed);
	}
}

struct ct_conn *ct_rate_conn(const struct ct_thread *thr,
			     const struct ct_rate_line *line, unsigned i)
{
	uint32_t units = thr->tbl->extend.conn_units;

	/* What is no connection's place may be anything, a chunk's head. */
	if (!atomic_load_explicit(&line->worth[i], memory_order_relaxed))
		return NULL;
	return ct_conn_at(thr->tbl,
			  line->chunk + ct_slab_place(line->first + i, units));
}
