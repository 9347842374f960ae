/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resize.c - the bucket table grows and shrinks, a few buckets a call
 *
 * See resize.h for the protocol; the numbers in comments are its rules.
 */
#include "core/resize.h"

#include "core/chain.h"
#include "core/table.h"

/* No split waits to be cleared. */
#define NONE_PENDING UINT32_MAX

/* Shrink when a bucket holds fewer keys on average; grow above CT_BUCKET_KEYS:
 * far enough apart that neither undoes the other. */
#define KEYS_TOO_FEW 2

static uint32_t load32(const _Atomic uint32_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

static void publish(_Atomic uint32_t *word, uint32_t value)
{
	/* release; pairs with the acquires in bucket.c */
	atomic_store_explicit(word, value, memory_order_release);
}

static uint64_t oldest_epoch(struct ct_table *tbl)
{
	uint64_t oldest;

	ct_spin_lock(&tbl->threads_lock);
	oldest = ct_epoch_oldest(tbl);
	ct_spin_unlock(&tbl->threads_lock);
	return oldest;
}

/* Buckets that there is memory for, ready. */
static uint32_t ready_end(const struct ct_table *tbl)
{
	const struct ct_resize *resize = &tbl->resize;
	uint32_t end = resize->n_segments << tbl->buckets.shift;

	if (resize->area.mem)
		end += (uint32_t)(resize->area.ready /
				  sizeof(struct ct_bucket));
	return end < tbl->buckets.max ? end : tbl->buckets.max;
}

/* --- Growing ------------------------------------------------------------ */

/* Whether nothing waits to be cleared in what the next split would touch (6). */
static bool may_split(const struct ct_buckets *buckets, uint32_t n)
{
	uint32_t cleared = load32(&buckets->cleared);
	uint32_t source = ct_bucket_source(n);
	uint32_t half = ct_bucket_level(n) / 2;

	if (cleared == NONE_PENDING)
		return true;
	/* Is the source new itself, or was it split in the round before? */
	return source < cleared && (source >= half || source + half < cleared);
}

/* Ask for the buckets that the next step's splits read and write. */
static void prefetch_splits(const struct ct_buckets *buckets, uint32_t from,
			    uint32_t end)
{
	for (uint32_t b = from; b < end; b++) {
		__builtin_prefetch(ct_bucket_at(buckets, ct_bucket_source(b)),
				   1);
		__builtin_prefetch(ct_bucket_at(buckets, b), 1);
	}
}

/*
 * Have at hand the connections that splits, or their clearing, will read, so
 * that the misses of all overlap.  In a large table the tags are enough.
 */
static void look_ahead(const struct ct_table *tbl, uint32_t from, uint32_t end)
{
	const struct ct_buckets *buckets = &tbl->buckets;

	for (uint32_t b = from; b < end && !(b >> CT_TAG_SHIFT); b++)
		ct_chain_prefetch(tbl,
				  ct_bucket_at(buckets, ct_bucket_source(b)));
}

/* Splits that are published together: each publication costs every other
 * thread a cache miss. */
#define TOGETHER 4

/* => How many of the next splits go together, most at most; 0: none may be. */
static uint32_t group_of(const struct ct_buckets *buckets, uint32_t n,
			 uint32_t most)
{
	uint32_t size = 1u << buckets->shift;
	uint32_t source = ct_bucket_source(n);
	uint32_t k = 0;

	/* In a small table few locks are taken. */
	if (most > TOGETHER)
		most = TOGETHER;
	if (n < size && most > 1)
		most = 1;
	/* Their sources lie side by side in one segment. */
	while (k < most && may_split(buckets, n + k) &&
	       ct_bucket_source(n + k) == source + k &&
	       (source + k) / size == source / size)
		k++;
	return k;
}

/*
 * Split the next k buckets, under the locks of all their sources, which are
 * taken in the order of their addresses: for others, one step of k.
 *
 * => How many were split; fewer when there is no memory.
 */
static uint32_t split_some(struct ct_thread *thr, uint32_t k)
{
	struct ct_buckets *buckets = &thr->tbl->buckets;
	uint32_t n = load32(&buckets->n);
	struct ct_bucket *source = ct_bucket_at(buckets, ct_bucket_source(n));
	uint32_t done = 0;

	for (uint32_t i = 0; i < k; i++)
		ct_bucket_lock(&source[i]);
	while (done < k &&
	       ct_chain_copy(thr, &source[done], n + done, ct_bucket_level(n)))
		done++;
	if (done < k)
		ct_chain_clear(thr->tbl, n + done);
	if (done) {
		if (load32(&buckets->cleared) == NONE_PENDING)
			publish(&buckets->cleared, n);
		publish(&buckets->n, n + done); /* under the locks (3) */
	}
	for (uint32_t i = 0; i < k; i++)
		ct_bucket_unlock(&source[i]);
	return done;
}

/* Note that what was split up to now may be cleared after this epoch. */
static void close_split(struct ct_table *tbl)
{
	struct ct_resize *resize = &tbl->resize;
	uint32_t last;

	/* With a full ring the last one waits a little longer. */
	if (resize->n_splits < CT_RESIZE_BATCHES)
		resize->n_splits++;
	last = (resize->head + resize->n_splits - 1) % CT_RESIZE_BATCHES;
	resize->split[last].end = load32(&tbl->buckets.n);
	resize->split[last].epoch = ct_epoch_begin(tbl);
}

static void grow(struct ct_thread *thr, uint32_t want, struct ct_work *left)
{
	struct ct_table *tbl = thr->tbl;
	struct ct_buckets *buckets = &tbl->buckets;
	uint32_t n = load32(&buckets->n);
	uint32_t end = ready_end(tbl);
	uint32_t before = n;

	if (want > end)
		want = end;
	if (want > n + left->moved)
		want = n + left->moved;
	look_ahead(tbl, n, want);
	while (n < want) {
		uint32_t k = group_of(buckets, n, want - n);
		uint32_t done = k ? split_some(thr, k) : 0;

		n += done;
		if (!done)
			break;
	}
	left->moved -= n - before;
	if (n == before)
		return;
	close_split(tbl);
	/* As many for the next step, by which they have arrived. */
	prefetch_splits(buckets, n,
			end - n < n - before ? end : 2 * n - before);
}

static void clear_one(struct ct_thread *thr, uint32_t b)
{
	struct ct_table *tbl = thr->tbl;
	struct ct_buckets *buckets = &tbl->buckets;
	uint32_t i = ct_bucket_source(b);
	struct ct_bucket *source = ct_bucket_at(buckets, i);

	ct_bucket_lock(source);
	ct_chain_clear_gone(thr, i, ct_bucket_level(b));
	ct_bucket_unlock(source);
}

/* Clear what was split by epochs that have passed. */
static void clear_splits(struct ct_thread *thr, struct ct_work *left)
{
	struct ct_table *tbl = thr->tbl;
	struct ct_resize *resize = &tbl->resize;
	struct ct_buckets *buckets = &tbl->buckets;

	while (resize->n_splits && left->cleared) {
		const struct ct_split *split = &resize->split[resize->head];
		uint32_t b = load32(&buckets->cleared);
		uint32_t end = split->end;

		if (split->epoch > resize->passed)
			return;
		if (end > b + left->cleared)
			end = b + left->cleared;
		left->cleared -= end - b;
		look_ahead(tbl, b, end);
		for (; b < end; b++)
			clear_one(thr, b);
		publish(&buckets->cleared, b);
		if (b < split->end)
			return;
		resize->head = (resize->head + 1) % CT_RESIZE_BATCHES;
		resize->n_splits--;
	}
	if (!resize->n_splits)
		publish(&buckets->cleared, NONE_PENDING);
}

/* --- Shrinking ---------------------------------------------------------- */

static bool merge_one(struct ct_thread *thr)
{
	struct ct_table *tbl = thr->tbl;
	struct ct_buckets *buckets = &tbl->buckets;
	uint32_t last = load32(&buckets->n) - 1;
	uint32_t i = ct_bucket_source(last);
	struct ct_bucket *from = ct_bucket_at(buckets, last);
	struct ct_bucket *into = ct_bucket_at(buckets, i);
	struct ct_bucket *first = from < into ? from : into;
	struct ct_bucket *second = from < into ? into : from;
	bool copied;

	ct_bucket_lock(first);
	ct_bucket_lock(second);
	copied = ct_chain_copy(thr, from, i, 0);
	if (copied) {
		if (load32(&buckets->stale) <= last)
			publish(&buckets->stale, last + 1);
		publish(&buckets->n, last); /* under the locks (3) */
	}
	/* No memory: take the copies out again. */
	else
		ct_chain_clear_gone(thr, i, ct_bucket_level(last));
	ct_bucket_unlock(second);
	ct_bucket_unlock(first);
	return copied;
}

static void shrink(struct ct_thread *thr, uint32_t want, struct ct_work *left)
{
	struct ct_table *tbl = thr->tbl;
	struct ct_buckets *buckets = &tbl->buckets;
	uint32_t n = load32(&buckets->n);
	uint32_t level = ct_bucket_level(n - 1);
	uint32_t before = n;

	/* Not across a level: what waits must have one parent rule (6). */
	if (want < level)
		want = level;
	for (; n > want && left->moved && merge_one(thr); n--)
		left->moved--;
	if (n == before)
		return;
	tbl->resize.unused_end = before;
	tbl->resize.merged = ct_epoch_begin(tbl);
}

static void empty_merged(struct ct_thread *thr, struct ct_work *left)
{
	struct ct_table *tbl = thr->tbl;
	struct ct_resize *resize = &tbl->resize;
	struct ct_buckets *buckets = &tbl->buckets;
	uint32_t n = load32(&buckets->n);
	uint32_t i = load32(&buckets->stale);

	if (!resize->merged || resize->merged > resize->passed)
		return;
	for (; i > n && left->cleared; left->cleared--) {
		struct ct_bucket *bucket = ct_bucket_at(buckets, --i);

		ct_bucket_lock(bucket);
		ct_chain_clear(tbl, i);
		ct_bucket_unlock(bucket);
	}
	publish(&buckets->stale, i > n ? i : 0);
	if (i > n)
		return;
	resize->merged = 0;
	/* Removers may stand on the chains and the segment until then (7). */
	resize->unused = ct_epoch_begin(tbl);
}

/* Give memory back that no bucket needs: what is being made ready, then whole
 * segments; => false when some of it is left. */
static bool free_memory(struct ct_table *tbl, struct ct_work *left)
{
	struct ct_resize *resize = &tbl->resize;
	struct ct_buckets *buckets = &tbl->buckets;
	size_t bytes = sizeof(struct ct_bucket) << buckets->shift;

	for (;;) {
		uint32_t last = resize->n_segments - 1;

		if (!last || last << buckets->shift < load32(&buckets->n))
			return true;
		if (!left->blocks)
			return false;
		left->blocks--;
		if (resize->area.mem) {
			ct_area_close(&resize->area, &tbl->mem);
			buckets->segment[last + 1] = NULL;
			continue;
		}
		ct_mem_free(&tbl->mem, buckets->segment[last], bytes);
		buckets->segment[last] = NULL;
		resize->n_segments--;
	}
}

/* Give back what is behind the end. */
static void free_unused(struct ct_thread *thr, struct ct_work *left)
{
	struct ct_table *tbl = thr->tbl;
	struct ct_resize *resize = &tbl->resize;
	struct ct_buckets *buckets = &tbl->buckets;
	uint32_t n = load32(&buckets->n);

	if (!resize->unused || resize->unused > resize->passed)
		return;
	/* Those behind were freed when they were merged, or never had any. */
	for (; resize->unused_end > n && left->cleared; left->cleared--)
		ct_chain_free(thr, ct_bucket_at(buckets, --resize->unused_end));
	if (resize->unused_end == n && free_memory(tbl, left))
		resize->unused = 0;
}

/* --- The step ----------------------------------------------------------- */

/* Have the next segment ready before it is needed. */
static void prepare(struct ct_table *tbl, uint32_t want, struct ct_work *left)
{
	struct ct_resize *resize = &tbl->resize;
	struct ct_buckets *buckets = &tbl->buckets;
	uint32_t half = 1u << buckets->shift >> 1;
	uint32_t end = resize->n_segments << buckets->shift;

	if (want + half < end || end >= buckets->max)
		return;
	if (!resize->area.mem) {
		if (!left->blocks)
			return;
		/* The host's share of a call's time; the pages' comes next. */
		resize->no_memory = !ct_area_open(
			&resize->area, &tbl->mem,
			sizeof(struct ct_bucket) << buckets->shift, left);
		buckets->segment[resize->n_segments] =
			(struct ct_bucket *)(void *)resize->area.mem;
		return;
	}
	if (ct_area_prepare(&resize->area, left)) {
		ct_area_take(&resize->area);
		resize->n_segments++;
	}
}

/* => Buckets that the connections need, no more than there may be. */
static uint32_t wanted(const struct ct_table *tbl)
{
	uint64_t keys = 2ull * load32(&tbl->n_conns);
	uint64_t want = keys / CT_BUCKET_KEYS + 1;

	return want < tbl->buckets.max ? (uint32_t)want : tbl->buckets.max;
}

static bool too_large(const struct ct_table *tbl, uint32_t n)
{
	return n > tbl->buckets.min &&
	       2ull * load32(&tbl->n_conns) < (uint64_t)n * KEYS_TOO_FEW;
}

void ct_resize_step(struct ct_thread *thr, struct ct_work *left)
{
	struct ct_table *tbl = thr->tbl;
	struct ct_resize *resize = &tbl->resize;
	uint32_t want = wanted(tbl);
	uint32_t n;

	if (!ct_spin_trylock(&resize->lock))
		return;
	n = load32(&tbl->buckets.n);
	if (resize->n_splits || resize->merged || resize->unused) {
		resize->passed = oldest_epoch(tbl);
		clear_splits(thr, left);
		empty_merged(thr, left);
		free_unused(thr, left);
	}
	if (resize->merged || resize->unused) {
		/* One thing after the other (6). */
	} else if (want >= n) {
		prepare(tbl, want, left);
		grow(thr, want, left);
	} else if (too_large(tbl, n) && !resize->n_splits) {
		shrink(thr, tbl->buckets.min, left);
	}
	ct_spin_unlock(&resize->lock);
}

void ct_resize_help(struct ct_thread *thr)
{
	/* Of pages one is enough: it holds 64 buckets. */
	enum { SPARED = CT_WORK_INSERT_PAGES - 1 };
	const struct ct_work *budget = &ct_work_budget[CT_WORK_INSERT];
	struct ct_work left = *budget;
	struct ct_table *tbl = thr->tbl;
	struct ct_resize *resize = &tbl->resize;

	if (!ct_spin_trylock(&resize->lock))
		return;
	left.pages -= SPARED;
	/* Whether more has passed is for polls to find out. */
	if (resize->n_splits)
		clear_splits(thr, &left);
	if (!resize->merged && !resize->unused) {
		if (!resize->no_memory)
			prepare(tbl, wanted(tbl), &left);
		grow(thr, wanted(tbl), &left);
	}
	ct_spin_unlock(&resize->lock);
	left.pages += SPARED;
	ct_work_done(&tbl->work[CT_WORK_INSERT], budget, &left);
}

uint64_t ct_buckets_bytes(struct ct_table *tbl)
{
	struct ct_resize *resize = &tbl->resize;
	uint64_t n;

	ct_spin_lock(&resize->lock);
	n = resize->n_segments + (resize->area.mem != NULL);
	ct_spin_unlock(&resize->lock);
	return n * (sizeof(struct ct_bucket) << tbl->buckets.shift);
}

/* --- Life --------------------------------------------------------------- */

enum {
	SEGMENT_MIN = 5,     /* 32 buckets: 2 KB */
	SEGMENT_MAX = 15,    /* 32768 buckets: 2 MB */
	SEGMENTS_WANTED = 16 /* of a full table */
};

int ct_buckets_init(struct ct_table *tbl)
{
	struct ct_buckets *buckets = &tbl->buckets;
	uint64_t max = 2ull * tbl->max_conns / CT_BUCKET_KEYS + 1;
	size_t segment;

	buckets->shift = SEGMENT_MIN;
	while (buckets->shift < SEGMENT_MAX &&
	       ((uint64_t)SEGMENTS_WANTED << buckets->shift) < max)
		buckets->shift++;
	buckets->max = (uint32_t)max;
	buckets->min = max < 1u << buckets->shift ? (uint32_t)max
						  : 1u << buckets->shift;
	atomic_init(&buckets->n, buckets->min);
	atomic_init(&buckets->cleared, NONE_PENDING);

	segment = sizeof(struct ct_bucket) << buckets->shift;
	buckets->segment = ct_mem_alloc(
		&tbl->mem, ct_buckets_directory(buckets), _Alignof(void *));
	if (!buckets->segment)
		return CT_E_NOMEM;
	buckets->segment[0] = ct_mem_alloc(&tbl->mem, segment, segment);
	if (!buckets->segment[0])
		return CT_E_NOMEM;
	tbl->resize.n_segments = 1;
	return 0;
}

void ct_buckets_fini(struct ct_table *tbl)
{
	struct ct_buckets *buckets = &tbl->buckets;
	size_t segment = sizeof(struct ct_bucket) << buckets->shift;

	if (!buckets->segment)
		return;
	for (uint32_t i = 0; i < tbl->resize.n_segments; i++)
		ct_mem_free(&tbl->mem, buckets->segment[i], segment);
	ct_area_close(&tbl->resize.area, &tbl->mem);
	ct_mem_free(&tbl->mem, buckets->segment, ct_buckets_directory(buckets));
}
