/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frag_index.c - datagrams: found, made, bounded, ended; see frag.h
 */
#include "core/frag_index.h"

#include "core/table.h"

#include <string.h>

/* --- Memory ------------------------------------------------------------- */

void *ct_kept_take(struct ct_mem *mem, size_t size)
{
	struct ct_kept *kept = ct_mem_take(mem, size, _Alignof(max_align_t));

	if (kept) {
		kept->next = NULL;
		kept->size = size;
	}
	return kept;
}

void ct_kept_free(struct ct_mem *mem, struct ct_kept *kept)
{
	while (kept) {
		struct ct_kept *next = kept->next;

		ct_mem_free(mem, kept, kept->size);
		kept = next;
	}
}

struct ct_piece *ct_piece_make(struct ct_mem *mem, const uint8_t *bytes,
			       const struct ct_fragment *frag)
{
	size_t len = (size_t)frag->hdr + frag->len;
	struct ct_piece *piece =
		ct_kept_take(mem, sizeof(*piece) + CT_FRAG_HEADROOM + len);

	if (!piece)
		return NULL;
	piece->next = NULL;
	piece->run_last = NULL;
	piece->off = frag->off;
	piece->len = frag->len;
	piece->hdr = frag->hdr;
	memcpy(ct_piece_bytes(piece), bytes, len);
	return piece;
}

static void free_pieces(struct ct_mem *mem, struct ct_datagram *datagram)
{
	struct ct_piece *piece = datagram->pieces.first;

	while (piece) {
		struct ct_piece *next = piece->next;

		ct_mem_free(mem, piece, piece->kept.size);
		piece = next;
	}
}

void ct_datagram_free(struct ct_mem *mem, struct ct_datagram *datagram)
{
	free_pieces(mem, datagram);
	ct_mem_free(mem, datagram, sizeof(*datagram));
}

static void free_chain(struct ct_mem *mem, struct ct_datagram *chain)
{
	while (chain) {
		struct ct_datagram *next = chain->next;

		ct_datagram_free(mem, chain);
		chain = next;
	}
}

static struct ct_frag_index *index_make(struct ct_mem *mem)
{
	struct ct_frag_index *index =
		ct_mem_alloc(mem, sizeof(*index), CT_LINE);

	if (!index)
		return NULL;
	for (unsigned f = 0; f < CT_FRAG_FAMILIES; f++) {
		CDS_INIT_LIST_HEAD(&index->age[f]);
		for (unsigned i = 0; i < CT_FRAG_SHARES; i++)
			CDS_INIT_LIST_HEAD(&index->share[f][i]);
	}
	return index;
}

/* --- Links -------------------------------------------------------------- */

static struct ct_datagram **head_of(const struct ct_frags *frags, uint32_t hash)
{
	return &frags->index->head[hash % CT_FRAG_HEADS];
}

static uint8_t share_of(const struct ct_table *tbl, const struct ct_tuple *key)
{
	uint64_t words[2];

	memcpy(words, &key->src, sizeof(words));
	return ct_hash_narrow(&tbl->hash, words) % CT_FRAG_SHARES;
}

static void set_n(struct ct_frags *frags, unsigned family, int by)
{
	frags->n[family] += (uint32_t)by;
	atomic_store_explicit(&frags->n_all, frags->n[0] + frags->n[1],
			      memory_order_relaxed);
}

/* So many bytes more, or less. */
static void charge(struct ct_frags *frags, struct ct_datagram *datagram,
		   int64_t by)
{
	unsigned family = ct_frag_family(datagram->key.l3);

	datagram->bytes += (uint32_t)by;
	frags->index->bytes[family][datagram->share_at] += (uint32_t)by;
	frags->bytes[family] += (uint64_t)by;
}

static void link_in(struct ct_frag_seat *seat, struct ct_datagram *made)
{
	struct ct_table *tbl = seat->thr->tbl;
	struct ct_frags *frags = seat->frags;
	unsigned family = ct_frag_family(seat->key.l3);
	enum ct_core_param timeout =
		family ? CT_P_FRAG_TIMEOUT6 : CT_P_FRAG_TIMEOUT4;
	struct ct_datagram **head = head_of(frags, seat->hash);

	made->key = seat->key;
	made->hash = seat->hash;
	made->serial = ++frags->serial;
	made->deadline =
		ct_ticks_after(seat->thr->now, ct_core_param(tbl, timeout));
	made->next = *head;
	*head = made;
	cds_list_add_tail(&made->age, &frags->index->age[family]);
	made->share_at = share_of(tbl, &seat->key);
	cds_list_add_tail(&made->share,
			  &frags->index->share[family][made->share_at]);
	charge(frags, made, (int64_t)sizeof(*made));
	set_n(frags, family, 1);
}

void ct_frag_unlink(struct ct_frags *frags, struct ct_datagram *datagram)
{
	struct ct_datagram **link = head_of(frags, datagram->hash);

	while (*link != datagram)
		link = &(*link)->next;
	*link = datagram->next;
	datagram->next = NULL;
	cds_list_del(&datagram->age);
	cds_list_del(&datagram->share);
	charge(frags, datagram, -(int64_t)datagram->bytes);
	set_n(frags, ct_frag_family(datagram->key.l3), -1);
}

void ct_frag_drop(struct ct_frag_seat *seat, struct ct_datagram *datagram)
{
	ct_frag_unlink(seat->frags, datagram);
	datagram->next = seat->dead;
	seat->dead = datagram;
}

struct ct_datagram *ct_frag_named(const struct ct_frags *frags, uint64_t name)
{
	struct ct_datagram *at;

	if (!frags->index)
		return NULL;
	for (at = *head_of(frags, (uint32_t)name); at; at = at->next)
		if (ct_frag_name(at) == name)
			return at;
	return NULL;
}

/* --- Time --------------------------------------------------------------- */

/* The first piece of what has waited too long, for who asks for it. */
static void remember(struct ct_table *tbl, struct ct_datagram *datagram)
{
	uint32_t whom = ct_core_param(tbl, CT_P_FRAG_TIME_EXCEEDED);
	struct ct_frags *frags = &tbl->frags;
	struct ct_piece *first = datagram->pieces.first;

	if (!first || first->off || frags->n_expired == CT_FRAG_EXPIRED_MAX ||
	    whom == CT_FRAG_TELL_NONE ||
	    (whom == CT_FRAG_TELL_IPV6 && datagram->key.l3 != CT_L3_IPV6))
		return;
	datagram->pieces.first = first->next;
	first->kept.next = frags->expired;
	frags->expired = &first->kept;
	frags->n_expired++;
}

static void time_out(struct ct_frag_seat *seat, struct ct_datagram *datagram)
{
	ct_frag_drop(seat, datagram);
	seat->frags->timed_out++;
	remember(seat->thr->tbl, datagram);
}

static struct ct_datagram *oldest(const struct ct_frags *frags, unsigned family)
{
	struct cds_list_head *list = &frags->index->age[family];

	return cds_list_empty(list)
		       ? NULL
		       : cds_list_entry(list->next, struct ct_datagram, age);
}

void ct_frags_expire(struct ct_thread *thr)
{
	struct ct_frags *frags = &thr->tbl->frags;
	struct ct_frag_seat seat = { .thr = thr, .frags = frags };
	unsigned budget = CT_FRAG_PER_POLL;

	if (ct_likely(
		    !atomic_load_explicit(&frags->n_all, memory_order_relaxed)))
		return;
	/* Somebody else is at it, or will be. */
	if (!ct_spin_trylock(&frags->lock))
		return;
	for (unsigned f = 0; f < CT_FRAG_FAMILIES; f++) {
		struct ct_datagram *at = oldest(frags, f);

		while (budget && at &&
		       ct_ticks_passed(at->deadline, thr->now)) {
			time_out(&seat, at);
			at = oldest(frags, f);
			budget--;
		}
	}
	ct_frag_unlock(&seat);
}

bool ct_frags_deadline(struct ct_table *tbl, uint32_t *deadline)
{
	struct ct_frags *frags = &tbl->frags;
	bool found = false;

	if (!atomic_load_explicit(&frags->n_all, memory_order_relaxed))
		return false;
	ct_spin_lock(&frags->lock);
	for (unsigned f = 0; f < CT_FRAG_FAMILIES; f++) {
		struct ct_datagram *at = oldest(frags, f);

		if (!at ||
		    (found && ct_ticks_until(at->deadline, *deadline) >= 0))
			continue;
		*deadline = at->deadline;
		found = true;
	}
	ct_spin_unlock(&frags->lock);
	return found;
}

/* --- Bounds ------------------------------------------------------------- */

static uint32_t bytes_max(const struct ct_table *tbl, unsigned family)
{
	return ct_core_param(tbl,
			     family ? CT_P_FRAG_MEMORY6 : CT_P_FRAG_MEMORY4);
}

static bool too_much(const struct ct_table *tbl, unsigned family)
{
	return tbl->frags.bytes[family] > bytes_max(tbl, family) ||
	       tbl->frags.n[family] > ct_core_param(tbl, CT_P_FRAG_DATAGRAMS);
}

/* => The oldest of those who hold most. */
static struct ct_datagram *victim(const struct ct_frags *frags, unsigned family)
{
	const uint32_t *bytes = frags->index->bytes[family];
	uint32_t most = 0;
	unsigned at = 0;

	for (unsigned i = 0; i < CT_FRAG_SHARES; i++)
		most = bytes[i] > most ? bytes[i] : most;
	while (bytes[at] != most)
		at++;
	return cds_list_entry(frags->index->share[family][at].next,
			      struct ct_datagram, share);
}

bool ct_frag_charge(struct ct_frag_seat *seat, struct ct_datagram *datagram,
		    uint32_t bytes)
{
	const struct ct_table *tbl = seat->thr->tbl;
	struct ct_frags *frags = seat->frags;
	unsigned family = ct_frag_family(datagram->key.l3);
	bool there = true;

	charge(frags, datagram, bytes);
	while (there && too_much(tbl, family)) {
		struct ct_datagram *goes = victim(frags, family);

		there = goes != datagram;
		frags->evicted++;
		ct_frag_drop(seat, goes);
	}
	if (frags->bytes[family] > frags->most_bytes)
		frags->most_bytes = frags->bytes[family];
	return there;
}

/* --- The seat ----------------------------------------------------------- */

void ct_frag_sit(struct ct_frag_seat *seat, struct ct_thread *thr,
		 const struct ct_fragment *frag, uint16_t zone)
{
	memset(seat, 0, sizeof(*seat));
	seat->thr = thr;
	seat->frags = &thr->tbl->frags;
	seat->key = frag->key;
	seat->key.zone = zone;
	seat->hash = (uint32_t)ct_hash_wide(&thr->tbl->hash, &seat->key);
	seat->spare = thr->spare_datagram;
	thr->spare_datagram = NULL;
}

static struct ct_datagram *find(struct ct_frag_seat *seat)
{
	struct ct_datagram *at;

	if (!seat->frags->index)
		return NULL;
	for (at = *head_of(seat->frags, seat->hash); at; at = at->next)
		if (at->hash == seat->hash &&
		    ct_tuple_equal(&at->key, &seat->key))
			break;
	if (!at || !ct_ticks_passed(at->deadline, seat->thr->now))
		return at;
	time_out(seat, at);
	return NULL;
}

/* => What a new one needs is at hand. */
static bool provided(const struct ct_frag_seat *seat)
{
	return seat->spare && (seat->frags->index || seat->index);
}

static struct ct_datagram *put_in(struct ct_frag_seat *seat)
{
	struct ct_datagram *made = seat->spare;

	if (!seat->frags->index) {
		seat->frags->index = seat->index;
		seat->index = NULL;
	}
	seat->spare = NULL;
	memset(made, 0, sizeof(*made));
	link_in(seat, made);
	return made;
}

static bool provide(struct ct_frag_seat *seat, bool indexed)
{
	struct ct_mem *mem = &seat->thr->tbl->mem;

	if (!seat->spare)
		seat->spare = ct_mem_take(mem, sizeof(*seat->spare), CT_LINE);
	if (!seat->index && !indexed)
		seat->index = index_make(mem);
	return seat->spare && (indexed || seat->index);
}

static void tidy(struct ct_frag_seat *seat)
{
	struct ct_mem *mem = &seat->thr->tbl->mem;

	/* What was evicted is what the next fragment needs, and at hand. */
	if (!seat->spare && seat->dead) {
		seat->spare = seat->dead;
		seat->dead = seat->spare->next;
		free_pieces(mem, seat->spare);
	}
	free_chain(mem, seat->dead);
	if (seat->thr->spare_datagram)
		ct_mem_free(mem, seat->spare, sizeof(*seat->spare));
	else
		seat->thr->spare_datagram = seat->spare;
	ct_mem_free(mem, seat->index, sizeof(*seat->index));
	seat->dead = NULL;
	seat->spare = NULL;
	seat->index = NULL;
}

struct ct_datagram *ct_frag_lock(struct ct_frag_seat *seat)
{
	for (;;) {
		struct ct_datagram *datagram;
		bool indexed;

		ct_spin_lock(&seat->frags->lock);
		datagram = find(seat);
		if (!datagram && provided(seat))
			datagram = put_in(seat);
		if (datagram)
			return datagram;
		indexed = seat->frags->index != NULL;
		ct_spin_unlock(&seat->frags->lock);
		if (!provide(seat, indexed)) {
			tidy(seat);
			return NULL;
		}
	}
}

void ct_frag_unlock(struct ct_frag_seat *seat)
{
	ct_spin_unlock(&seat->frags->lock);
	tidy(seat);
}

void ct_frags_fini(struct ct_table *tbl)
{
	struct ct_frag_index *index = tbl->frags.index;

	ct_kept_free(&tbl->mem, tbl->frags.expired);
	if (!index)
		return;
	for (unsigned i = 0; i < CT_FRAG_HEADS; i++)
		free_chain(&tbl->mem, index->head[i]);
	ct_mem_free(&tbl->mem, index, sizeof(*index));
}
