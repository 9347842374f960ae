/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * talker.c - who opens the most connections; see talker.h
 */
#include "overflow/talker.h"

#include "core/share.h"
#include "core/table.h"

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum { SAMPLE = 32, ENDS = 2 };

struct slot {
	union ct_addr addr;
	uint16_t zone;
	uint8_t l3; /* 0: free */
	uint64_t n;
	uint64_t error;
};

/*
 * Counters of one end.  Two sources whose keyed hashes are the same count as one:
 * one newcomer in 2^26 is.
 *
 * The least count only grows, but when all are halved; so a hand that goes round
 * finds each slot that has it, and the next count when it has been round.
 */
struct end {
	uint32_t hash[CT_TALKERS];
	struct slot slots[CT_TALKERS];
	uint64_t least; /* count */
	unsigned hand;
	unsigned last; /* slot noted, which a flood's target is again */
};

struct ct_talkers {
	struct ct_spin lock; /* covers all */
	uint64_t halved_ns;
	struct end ends[ENDS];
};

static struct ct_talkers *talkers_of(struct ct_table *tbl)
{
	struct ct_talkers *talkers =
		atomic_load_explicit(&tbl->talkers, memory_order_acquire);
	struct ct_talkers *made;

	if (talkers)
		return talkers;
	made = ct_mem_alloc(&tbl->mem, sizeof(*made), CT_LINE);
	if (!made)
		return NULL;
	/* release; pairs with the acquires of whoever asks for it */
	if (atomic_compare_exchange_strong_explicit(&tbl->talkers, &talkers,
						    made, memory_order_acq_rel,
						    memory_order_acquire))
		return made;
	ct_mem_free(&tbl->mem, made, sizeof(*made));
	return talkers;
}

void ct_talkers_free(struct ct_table *tbl)
{
	ct_mem_free(&tbl->mem,
		    atomic_load_explicit(&tbl->talkers, memory_order_relaxed),
		    sizeof(struct ct_talkers));
}

/* => Some slot has the hash; most newcomers of a flood have none. */
static bool has(const struct end *end, uint32_t hash)
{
#if defined(__SSE2__)
	const __m128i want = _mm_set1_epi32((int)hash);
	__m128i found = _mm_setzero_si128();

	for (unsigned i = 0; i < CT_TALKERS; i += 4) {
		__m128i four = _mm_loadu_si128((const void *)&end->hash[i]);

		found = _mm_or_si128(found, _mm_cmpeq_epi32(four, want));
	}
	return _mm_movemask_epi8(found);
#else
	bool found = false;

	for (unsigned i = 0; i < CT_TALKERS; i++)
		found |= end->hash[i] == hash;
	return found;
#endif
}

/* => The slot of a hash, or CT_TALKERS. */
static unsigned slot_of(const struct end *end, uint32_t hash)
{
	unsigned at = end->last;

	if (end->hash[at] != hash) {
		if (!has(end, hash))
			return CT_TALKERS;
		for (at = 0; end->hash[at] != hash;)
			at++;
	}
	return end->slots[at].l3 ? at : CT_TALKERS;
}

static uint64_t least_of(const struct end *end)
{
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < CT_TALKERS; i++)
		if (end->slots[i].n < least)
			least = end->slots[i].n;
	return least;
}

/* => One of the slots with the least count. */
static unsigned least_slot(struct end *end)
{
	for (; end->hand < CT_TALKERS; end->hand++)
		if (end->slots[end->hand].n == end->least)
			return end->hand++;
	end->least = least_of(end);
	for (end->hand = 0; end->slots[end->hand].n != end->least;)
		end->hand++;
	return end->hand++;
}

static void note(struct end *end, uint32_t hash, const struct slot *who)
{
	unsigned at = slot_of(end, hash);
	struct slot *slot;

	if (at == CT_TALKERS) {
		at = least_slot(end);
		slot = &end->slots[at];
		end->hash[at] = hash;
		slot->error = slot->n;
		slot->addr = who->addr;
		slot->zone = who->zone;
		slot->l3 = who->l3;
	}
	end->slots[at].n += SAMPLE;
	end->last = at;
}

/* So many times. */
static void halve(struct end *end, unsigned times)
{
	for (unsigned i = 0; i < CT_TALKERS; i++) {
		end->slots[i].n >>= times;
		end->slots[i].error >>= times;
	}
	end->hand = CT_TALKERS; /* the least count is another one */
}

/* Halve once for each half-life that has passed. */
static void decay(const struct ct_table *tbl, struct ct_talkers *talkers,
		  uint64_t now_ns) CT_REQUIRES(talkers->lock)
{
	enum { ALL = 63 }; /* more leave nothing */
	uint64_t half =
		(uint64_t)ct_core_param(tbl, CT_P_HALF_LIFE) * 1000000000u;
	uint64_t n;

	if (!talkers->halved_ns)
		talkers->halved_ns = now_ns;
	if (now_ns < talkers->halved_ns + half)
		return;
	n = (now_ns - talkers->halved_ns) / half;
	talkers->halved_ns += n * half;
	for (unsigned i = 0; i < ENDS; i++)
		halve(&talkers->ends[i], n < ALL ? (unsigned)n : ALL);
}

static void note_end(struct ct_thread *thr, struct end *end,
		     const union ct_addr *addr, const struct ct_tuple *t)
{
	struct ct_tuple whose = { .src = *addr, .l3 = t->l3, .zone = t->zone };
	uint32_t hash = (uint32_t)ct_share_key(thr->tbl, &whose);
	struct slot who = { .addr = *addr, .zone = t->zone, .l3 = t->l3 };

	ct_share_prefix(thr->tbl, t->l3, &who.addr);
	note(end, hash, &who);
}

void ct_talker_sample(struct ct_thread *thr, const struct ct_tuple *t)
{
	struct ct_talkers *talkers;

	/* On the average one in SAMPLE; nobody can tell which. */
	thr->talkers_passed = (uint8_t)(ct_random(thr) % (2 * SAMPLE - 1));
	talkers = talkers_of(thr->tbl);
	/* A sample that another thread is in the way of is none. */
	if (!talkers || !ct_spin_trylock(&talkers->lock))
		return;
	decay(thr->tbl, talkers, thr->now_ns);
	note_end(thr, &talkers->ends[CT_TALKER_SRC], &t->src, t);
	note_end(thr, &talkers->ends[CT_TALKER_DST], &t->dst, t);
	ct_spin_unlock(&talkers->lock);
}

/* Put one where it belongs, the largest first; => how many there are now. */
static size_t insert(struct ct_talker *talkers, size_t n, size_t max,
		     const struct ct_talker *one)
{
	size_t at = n;

	while (at && talkers[at - 1].opened < one->opened)
		at--;
	if (at == max)
		return n;
	if (n == max)
		n--;
	memmove(&talkers[at + 1], &talkers[at], (n - at) * sizeof(*talkers));
	talkers[at] = *one;
	return n + 1;
}

static struct ct_talker shown(const struct ct_table *tbl,
			      const struct slot *slot, uint64_t total)
{
	return (struct ct_talker){
		.addr = slot->addr,
		.l3 = slot->l3,
		.bits = (uint8_t)ct_share_bits(tbl, slot->l3),
		.zone = slot->zone,
		.share = (uint32_t)(slot->n * UINT16_MAX / total),
		.opened = slot->n,
		.error = slot->error,
	};
}

size_t ct_talkers(struct ct_table *tbl, enum ct_talker_end end,
		  struct ct_talker *talkers, size_t n)
{
	struct ct_talkers *known =
		atomic_load_explicit(&tbl->talkers, memory_order_acquire);
	const struct slot *slots;
	uint64_t total = 0;
	size_t given = 0;

	if (!known || (unsigned)end >= ENDS || !n)
		return 0;
	slots = known->ends[end].slots;
	ct_spin_lock(&known->lock);
	decay(tbl, known,
	      atomic_load_explicit(&tbl->now_ns, memory_order_relaxed));
	for (unsigned i = 0; i < CT_TALKERS; i++)
		total += slots[i].n;
	for (unsigned i = 0; total && i < CT_TALKERS; i++) {
		struct ct_talker one = shown(tbl, &slots[i], total);

		if (slots[i].n)
			given = insert(talkers, given, n, &one);
	}
	ct_spin_unlock(&known->lock);
	return given;
}
