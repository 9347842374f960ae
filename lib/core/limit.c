/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limit.c - who has how many connections; see limit.h
 */
#include "core/limit.h"

#include "core/registry.h"
#include "core/share.h"
#include "core/table.h"

enum { RANK_MAX = 3 };

/* --- Zones -------------------------------------------------------------- */

/* => Its place, or the free one where it would be. */
static struct ct_zone_share *place_of(const struct ct_limits *limits,
				      uint16_t zone)
{
	uint32_t number = zone + 1u, i = number * 2654435761u;

	for (i >>= 16;; i++) {
		struct ct_zone_share *share = &limits->zones[i % CT_ZONE_SLOTS];
		uint32_t is = atomic_load_explicit(&share->zone,
						   memory_order_acquire);

		if (is == number || !is)
			return share;
	}
}

/* => NULL for a zone without limits. */
static struct ct_zone_share *zone_of(const struct ct_limits *limits,
				     uint16_t zone)
{
	struct ct_zone_share *share;

	if (!limits->zones)
		return NULL;
	share = place_of(limits, zone);
	return atomic_load_explicit(&share->zone, memory_order_relaxed) ? share
									: NULL;
}

static uint64_t guaranteed(const struct ct_limits *limits)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < CT_CLASSES; i++)
		sum += atomic_load_explicit(&limits->classes[i].reserve,
					    memory_order_relaxed);
	for (unsigned i = 0; limits->zones && i < CT_ZONE_SLOTS; i++)
		sum += atomic_load_explicit(&limits->zones[i].min,
					    memory_order_relaxed);
	return sum;
}

/* Of those that n have, how many are missing to min. */
static int64_t missing(uint32_t min, uint32_t n)
{
	return min > n ? (int64_t)min - n : 0;
}

/* Change a guarantee; what is spare changes with it. */
static void promise(struct ct_limits *limits, _Atomic uint32_t *min,
		    const _Atomic uint32_t *n, uint32_t value)
{
	uint32_t now = atomic_load_explicit(n, memory_order_relaxed);
	uint32_t was =
		atomic_exchange_explicit(min, value, memory_order_relaxed);

	atomic_fetch_add_explicit(&limits->spare,
				  missing(value, now) - missing(was, now),
				  memory_order_relaxed);
}

static int zones_make(struct ct_table *tbl)
{
	struct ct_limits *limits = &tbl->limits;

	if (limits->zones)
		return 0;
	if (ct_sealed(tbl))
		return CT_E_SEALED;
	limits->zones = ct_mem_alloc(
		&tbl->mem, CT_ZONE_SLOTS * sizeof(*limits->zones), CT_LINE);
	return limits->zones ? 0 : CT_E_NOMEM;
}

static int zone_limit(struct ct_table *tbl, uint16_t zone, uint32_t min,
		      uint32_t max) CT_REQUIRES(tbl->limits.lock)
{
	struct ct_limits *limits = &tbl->limits;
	struct ct_zone_share *share;
	int error = zones_make(tbl);
	uint32_t was;

	if (error)
		return error;
	share = place_of(limits, zone);
	was = atomic_load_explicit(&share->min, memory_order_relaxed);
	if (guaranteed(limits) - was + min > tbl->max_conns ||
	    (max && min > max))
		return CT_E_RANGE;
	if (!atomic_load_explicit(&share->zone, memory_order_relaxed)) {
		if (ct_sealed(tbl))
			return CT_E_SEALED;
		if (limits->n_zones == CT_ZONES)
			return CT_E_FULL;
		limits->n_zones++;
		atomic_store_explicit(&share->zone, zone + 1u,
				      memory_order_release);
	}
	promise(limits, &share->min, &share->n, min);
	atomic_store_explicit(&share->max, max, memory_order_relaxed);
	return 0;
}

int ct_zone_limit(struct ct_table *tbl, uint16_t zone, uint32_t min,
		  uint32_t max)
{
	int error;

	ct_spin_lock(&tbl->limits.lock);
	error = zone_limit(tbl, zone, min, max);
	ct_spin_unlock(&tbl->limits.lock);
	return error;
}

/* --- Classes ------------------------------------------------------------ */

static int class_define(struct ct_table *tbl, unsigned number,
			const struct ct_class_def *def)
	CT_REQUIRES(tbl->limits.lock)
{
	struct ct_limits *limits = &tbl->limits;
	struct ct_class *class_ = &limits->classes[number];
	uint32_t was =
		atomic_load_explicit(&class_->reserve, memory_order_relaxed);

	if (def->reserve != was && ct_sealed(tbl) && !limits->on)
		return CT_E_SEALED;
	if (guaranteed(limits) - was + def->reserve > tbl->max_conns)
		return CT_E_RANGE;
	promise(limits, &class_->reserve, &class_->n, def->reserve);
	atomic_store_explicit(&class_->flags, (uint8_t)def->flags,
			      memory_order_relaxed);
	atomic_store_explicit(&class_->rank, def->rank, memory_order_relaxed);
	atomic_store_explicit(&class_->soft, (uint16_t)def->soft,
			      memory_order_relaxed);
	return 0;
}

int ct_class_define(struct ct_table *tbl, unsigned class_,
		    const struct ct_class_def *caller)
{
	struct ct_class_def def;
	int error = ct_sized_copy(&def, sizeof(def), caller);

	if (error)
		return error;
	if (class_ >= CT_CLASSES)
		return CT_E_RANGE;
	if (def.rank > RANK_MAX || def.soft > UINT16_MAX ||
	    def.flags & ~(uint32_t)(CT_CLASS_KEEP | CT_CLASS_PROBE))
		return CT_E_INVAL;
	ct_spin_lock(&tbl->limits.lock);
	error = class_define(tbl, class_, &def);
	ct_spin_unlock(&tbl->limits.lock);
	return error;
}

/* --- Counting ----------------------------------------------------------- */

static void up(struct ct_limits *limits, _Atomic uint32_t *n, uint32_t min)
{
	if (atomic_fetch_add_explicit(n, 1, memory_order_relaxed) < min)
		atomic_fetch_sub_explicit(&limits->spare, 1,
					  memory_order_relaxed);
}

static void down(struct ct_limits *limits, _Atomic uint32_t *n, uint32_t min)
{
	if (atomic_fetch_sub_explicit(n, 1, memory_order_relaxed) <= min)
		atomic_fetch_add_explicit(&limits->spare, 1,
					  memory_order_relaxed);
}

typedef void (*count_fn)(struct ct_limits *limits, _Atomic uint32_t *n,
			 uint32_t min);

static void count(struct ct_table *tbl, const struct ct_tuple *t,
		  uint8_t class_, count_fn fn)
{
	struct ct_limits *limits = &tbl->limits;
	struct ct_zone_share *zone = zone_of(limits, t->zone);
	struct ct_class *mine =
		&limits->classes[class_ < CT_CLASSES ? class_ : 0];

	fn(limits, &mine->n,
	   atomic_load_explicit(&mine->reserve, memory_order_relaxed));
	if (zone)
		fn(limits, &zone->n,
		   atomic_load_explicit(&zone->min, memory_order_relaxed));
}

void ct_limits_enter(struct ct_table *tbl, const struct ct_tuple *t,
		     uint8_t class_)
{
	if (ct_likely(!tbl->limits.on))
		return;
	count(tbl, t, class_, up);
	if (tbl->limits.sources.slots)
		ct_tally_up(&tbl->limits.sources, ct_share_key(tbl, t));
}

void ct_limits_leave(struct ct_table *tbl, const struct ct_conn *conn,
		     uint8_t class_)
{
	struct ct_tuple t;

	if (ct_likely(!tbl->limits.on))
		return;
	ct_conn_tuple(conn, CT_DIR_ORIG, &t);
	count(tbl, &t, class_, down);
	if (tbl->limits.sources.slots)
		ct_tally_down(&tbl->limits.sources, ct_share_key(tbl, &t));
}

void ct_limits_move(struct ct_table *tbl, uint8_t from, uint8_t to)
{
	struct ct_limits *limits = &tbl->limits;
	struct ct_class *old = &limits->classes[from];
	struct ct_class *new = &limits->classes[to];

	if (!limits->on)
		return;
	up(limits, &new->n,
	   atomic_load_explicit(&new->reserve, memory_order_relaxed));
	down(limits, &old->n,
	     atomic_load_explicit(&old->reserve, memory_order_relaxed));
}

/* --- Asking ------------------------------------------------------------- */

/* => Connections of a source. */
static uint32_t source_has(const struct ct_table *tbl, const struct ct_tuple *t)
{
	return ct_tally_has(&tbl->limits.sources, ct_share_key(tbl, t));
}

/* A newcomer's zone or source has so many: its timeouts are to shrink; see
 * adapt.c. */
static void press(struct ct_thread *thr, uint32_t n, uint32_t max)
{
	_Atomic uint32_t *at = &thr->tbl->limits.pressed_at;

	if ((uint64_t)n * 1000 >
		    (uint64_t)max * ct_core_param(thr->tbl, CT_P_LOW) &&
	    atomic_load_explicit(at, memory_order_relaxed) != thr->now)
		atomic_store_explicit(at, thr->now, memory_order_relaxed);
}

enum ct_limit ct_limits_met(struct ct_thread *thr, const struct ct_tuple *t)
{
	const struct ct_table *tbl = thr->tbl;
	const struct ct_limits *limits = &tbl->limits;
	const struct ct_zone_share *zone = zone_of(limits, t->zone);
	uint32_t source_max = ct_core_param(tbl, CT_P_SOURCE_MAX);
	uint32_t n = 0, max = 0, source_n;

	if (zone) {
		n = atomic_load_explicit(&zone->n, memory_order_relaxed);
		max = atomic_load_explicit(&zone->max, memory_order_relaxed);
	}
	if (max)
		press(thr, n, max);
	if (source_max && limits->sources.slots) {
		source_n = source_has(tbl, t);
		press(thr, source_n, source_max);
		if (source_n >= source_max)
			return CT_LIMIT_SOURCE;
	}
	return max && n >= max ? CT_LIMIT_ZONE : CT_LIMIT_NONE;
}

uint32_t ct_limits_has(const struct ct_table *tbl, const struct ct_tuple *t,
		       enum ct_limit limit)
{
	if (limit == CT_LIMIT_SOURCE)
		return source_has(tbl, t);
	return limit == CT_LIMIT_ZONE ? ct_limits_zone_has(tbl, t->zone) : 0;
}

bool ct_limits_pressed(const struct ct_thread *thr)
{
	enum { LATELY = 10 * CT_TICKS_PER_S };
	const struct ct_limits *limits = &thr->tbl->limits;
	uint32_t at =
		atomic_load_explicit(&limits->pressed_at, memory_order_relaxed);

	return (limits->zones || limits->sources.slots) && at &&
	       thr->now - at < LATELY;
}

uint32_t ct_limits_zone_has(const struct ct_table *tbl, uint16_t zone)
{
	const struct ct_zone_share *share = zone_of(&tbl->limits, zone);

	return share ? atomic_load_explicit(&share->n, memory_order_relaxed)
		     : 0;
}

bool ct_limits_zone(const struct ct_table *tbl, const struct ct_conn *conn,
		    uint32_t *n, uint32_t *max)
{
	const struct ct_zone_share *zone;
	struct ct_tuple t;

	if (ct_likely(!tbl->limits.zones))
		return false;
	ct_conn_tuple(conn, CT_DIR_ORIG, &t);
	zone = zone_of(&tbl->limits, t.zone);
	if (!zone)
		return false;
	*n = atomic_load_explicit(&zone->n, memory_order_relaxed);
	*max = atomic_load_explicit(&zone->max, memory_order_relaxed);
	return *max;
}

bool ct_limits_source(const struct ct_table *tbl, const struct ct_conn *conn,
		      uint32_t *n, uint32_t *max)
{
	const struct ct_tally *sources = &tbl->limits.sources;

	*max = ct_core_param(tbl, CT_P_SOURCE_MAX);
	if (ct_likely(!*max || !sources->slots))
		return false;
	*n = ct_tally_has(sources, ct_share_key_of(tbl, conn));
	return true;
}

/* => What is missing to a guarantee. */
static int64_t own(const _Atomic uint32_t *min, const _Atomic uint32_t *n)
{
	return missing(atomic_load_explicit(min, memory_order_relaxed),
		       atomic_load_explicit(n, memory_order_relaxed));
}

uint32_t ct_limits_kept(const struct ct_table *tbl, const struct ct_tuple *t,
			uint8_t class_)
{
	const struct ct_limits *limits = &tbl->limits;
	const struct ct_zone_share *zone = zone_of(limits, t->zone);
	const struct ct_class *mine = ct_class_at(limits, class_);
	int64_t spare =
		atomic_load_explicit(&limits->spare, memory_order_relaxed);

	spare -= own(&mine->reserve, &mine->n);
	if (zone)
		spare -= own(&zone->min, &zone->n);
	return spare > 0 ? (uint32_t)spare : 0;
}

/* => No more than what is guaranteed is there. */
static bool at_least(const _Atomic uint32_t *min, const _Atomic uint32_t *n)
{
	return atomic_load_explicit(n, memory_order_relaxed) <=
	       atomic_load_explicit(min, memory_order_relaxed);
}

bool ct_limits_guard(const struct ct_table *tbl, const struct ct_tuple *t,
		     uint8_t class_, const struct ct_tuple *newcomer,
		     uint8_t newcomer_class)
{
	const struct ct_limits *limits = &tbl->limits;
	const struct ct_zone_share *zone = zone_of(limits, t->zone);
	const struct ct_class *its = ct_class_at(limits, class_);
	uint32_t min = ct_core_param(tbl, CT_P_SOURCE_MIN);

	if (ct_likely(!limits->on))
		return false;
	if (class_ != newcomer_class && at_least(&its->reserve, &its->n))
		return true;
	if (zone && t->zone != newcomer->zone && at_least(&zone->min, &zone->n))
		return true;
	return min && limits->sources.slots &&
	       ct_share_key(tbl, t) != ct_share_key(tbl, newcomer) &&
	       source_has(tbl, t) <= min;
}

/* --- Life --------------------------------------------------------------- */

int ct_limits_seal(struct ct_table *tbl)
{
	struct ct_limits *limits = &tbl->limits;

	if (ct_core_param(tbl, CT_P_SOURCE_MAX) ||
	    ct_core_param(tbl, CT_P_SOURCE_MIN)) {
		int error = ct_tally_make(tbl, &limits->sources);

		if (error)
			return error;
	}
	limits->on =
		limits->sources.slots || limits->zones || guaranteed(limits);
	return 0;
}

void ct_limits_fini(struct ct_table *tbl)
{
	struct ct_limits *limits = &tbl->limits;

	if (limits->zones)
		ct_mem_free(&tbl->mem, limits->zones,
			    CT_ZONE_SLOTS * sizeof(*limits->zones));
	ct_tally_free(tbl, &limits->sources);
}
