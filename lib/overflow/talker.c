/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * talker.c - who opens the most connections; see talker.h
 */
#include "overflow/talker.h"

#include "core/share.h"
#include "core/table.h"

#include <string.h>

enum { SAMPLE = 8, ENDS = 2 };

struct slot {
	union ct_addr addr;
	uint16_t zone;
	uint8_t l3; /* 0: free */
	uint64_t n;
	uint64_t error;
};

struct ct_talkers {
	struct ct_spin lock; /* covers all */
	uint64_t halved_ns;
	struct slot slots[ENDS][CT_TALKERS];
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

static bool is_of(const struct slot *slot, const struct slot *who)
{
	return slot->l3 == who->l3 && slot->zone == who->zone &&
	       !memcmp(&slot->addr, &who->addr, sizeof(who->addr));
}

static void note(struct slot slots[CT_TALKERS], const struct slot *who)
{
	struct slot *least = &slots[0];

	for (unsigned i = 0; i < CT_TALKERS; i++) {
		if (is_of(&slots[i], who)) {
			slots[i].n += SAMPLE;
			return;
		}
		if (slots[i].n < least->n)
			least = &slots[i];
	}
	least->error = least->n;
	least->n += SAMPLE;
	least->addr = who->addr;
	least->zone = who->zone;
	least->l3 = who->l3;
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
	for (unsigned i = 0; i < ENDS * CT_TALKERS; i++) {
		struct slot *slot =
			&talkers->slots[i / CT_TALKERS][i % CT_TALKERS];

		slot->n >>= n < ALL ? n : ALL;
		slot->error >>= n < ALL ? n : ALL;
	}
}

static struct slot who_is(const struct ct_table *tbl, const struct ct_tuple *t,
			  enum ct_talker_end end)
{
	struct slot who = {
		.addr = end == CT_TALKER_SRC ? t->src : t->dst,
		.zone = t->zone,
		.l3 = t->l3,
	};

	ct_share_prefix(tbl, t->l3, &who.addr);
	return who;
}

void ct_talker_note(struct ct_thread *thr, const struct ct_tuple *t)
{
	struct ct_talkers *talkers;

	if (ct_random(thr) % SAMPLE)
		return;
	talkers = talkers_of(thr->tbl);
	/* A sample that another thread is in the way of is none. */
	if (!talkers || !ct_spin_trylock(&talkers->lock))
		return;
	decay(thr->tbl, talkers, thr->now_ns);
	for (unsigned end = 0; end < ENDS; end++) {
		struct slot who = who_is(thr->tbl, t, (enum ct_talker_end)end);

		note(talkers->slots[end], &who);
	}
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
	slots = known->slots[end];
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
