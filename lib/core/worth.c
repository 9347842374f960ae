/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worth.c - what connections are worth; see worth.h
 */
#include "core/worth.h"

#include "core/table.h"

static _Atomic uint8_t *byte_of(const struct ct_table *tbl,
				const struct ct_conn *conn)
{
	return ct_slab_worth(&tbl->slab, ct_conn_unit(tbl, conn));
}

static const struct ct_l4_ops *ops_of(const struct ct_table *tbl,
				      const struct ct_conn *conn)
{
	bool wide = ct_conn_word(conn) & CT_S_WIDE;

	return ct_registry_l4(tbl, wide ? conn->wide.orig.l4
					: conn->narrow[CT_DIR_ORIG].l4);
}

/* What a connection whose tracker has no opinion is worth, by its status. */
static uint8_t score_of(const struct ct_l4_ops *ops, const struct ct_conn *conn,
			uint32_t status)
{
	if (ops->evict_score)
		return ops->evict_score(conn);
	if (status & CT_S_ASSURED)
		return CT_SCORE_ESTABLISHED;
	return status & CT_S_SEEN_REPLY ? CT_SCORE_HALF_OPEN
					: CT_SCORE_UNREPLIED;
}

/* => Assured, or as good as that. */
static bool has_proven(const struct ct_conn *conn, uint32_t status)
{
	return status & CT_S_ASSURED ||
	       ct_conn_class_word(conn) & CT_CONN_RETURNED;
}

uint8_t ct_worth_state(const struct ct_table *tbl, const struct ct_conn *conn)
{
	return score_of(ops_of(tbl, conn), conn, ct_conn_word(conn));
}

/* => Whose class does not matter. */
static enum ct_worth_group stage_of(const struct ct_table *tbl,
				    const struct ct_conn *conn, uint32_t status)
{
	const struct ct_l4_ops *ops = ops_of(tbl, conn);
	uint8_t score = score_of(ops, conn, status);

	if (score < CT_SCORE_UNREPLIED)
		return CT_WORTH_CLOSING;
	/* What nobody assured has proven nothing, whatever its tracker says. */
	if (!has_proven(conn, status) ||
	    (ops->evict_score && score < CT_SCORE_ESTABLISHED))
		return CT_WORTH_UNPROVEN;
	return CT_WORTH_ESTABLISHED;
}

static enum ct_worth_group group_of(const struct ct_table *tbl,
				    const struct ct_conn *conn, uint32_t status)
{
	const struct ct_class *class_ =
		ct_class_at(&tbl->limits, ct_conn_class_of(conn));
	enum ct_worth_group stage = stage_of(tbl, conn, status);

	if (ct_class_has(class_, CT_CLASS_KEEP))
		return stage == CT_WORTH_ESTABLISHED ? CT_WORTH_KEPT
						     : CT_WORTH_KEPT_WEAK;
	if (stage == CT_WORTH_ESTABLISHED &&
	    atomic_load_explicit(&class_->rank, memory_order_relaxed))
		return CT_WORTH_FAVOURED;
	return stage;
}

static uint8_t turn_of(const struct ct_table *tbl)
{
	return (uint8_t)(atomic_load_explicit(&tbl->turn,
					      memory_order_relaxed) *
			 CT_WORTH_ONCE) &
	       CT_WORTH_BUSY;
}

/* => As much activity as its flow was missed. */
static unsigned recalled(const struct ct_conn *conn)
{
	return ct_conn_class_word(conn) / CT_CONN_RECALLED %
	       (CT_CONN_RECALLED_MOST + 1) * CT_WORTH_ONCE;
}

/* => A byte; was is what it was, or 0. */
static uint8_t byte_for(const struct ct_table *tbl, const struct ct_conn *conn,
			uint8_t was)
{
	uint32_t status = ct_conn_word(conn);
	uint8_t group =
		(uint8_t)(group_of(tbl, conn, status) << CT_WORTH_SHIFT);
	unsigned low = was & CT_WORTH_BUSY;

	if (ct_worth_takes_turns(group) && !ct_worth_takes_turns(was))
		low = turn_of(tbl);
	else if (!ct_worth_takes_turns(group) && !ct_worth_is_proven(was))
		low = recalled(conn);
	return (uint8_t)(group | low |
			 (status & (CT_S_SRC_NAT | CT_S_DST_NAT) ? CT_WORTH_NAT
								 : 0));
}

uint8_t ct_worth_of(const struct ct_table *tbl, const struct ct_conn *conn)
{
	return byte_for(
		tbl, conn,
		atomic_load_explicit(byte_of(tbl, conn), memory_order_relaxed));
}

static void byte_set(const struct ct_table *tbl, const struct ct_conn *conn,
		     uint8_t byte)
{
	const struct ct_slab *slab = &tbl->slab;
	uint32_t unit = ct_conn_unit(tbl, conn);
	uint32_t line = (unit & ((1u << slab->shift) - 1)) / 2 / CT_WORTH_LINE;
	_Atomic uint64_t *easy =
		ct_slab_easy(slab, unit >> slab->shift) + line / 64;
	uint64_t bit = UINT64_C(1) << line % 64;

	atomic_store_explicit(ct_slab_worth(slab, unit), byte,
			      memory_order_relaxed);
	if (ct_worth_group(byte) < CT_WORTH_ESTABLISHED &&
	    !(atomic_load_explicit(easy, memory_order_relaxed) & bit))
		atomic_fetch_or_explicit(easy, bit, memory_order_relaxed);
}

/* byte_for() of most newcomers: of everybody's class, with nothing proven. */
static uint8_t byte_new(const struct ct_table *tbl, uint32_t status)
{
	bool nat = status & (CT_S_SRC_NAT | CT_S_DST_NAT);

	return (uint8_t)(CT_WORTH_UNPROVEN << CT_WORTH_SHIFT | turn_of(tbl) |
			 (nat ? CT_WORTH_NAT : 0));
}

void ct_worth_start(struct ct_thread *thr, struct ct_conn *conn)
{
	const struct ct_table *tbl = thr->tbl;
	const struct ct_class *everybody = ct_class_at(&tbl->limits, 0);
	uint32_t status = ct_conn_word(conn);

	if (ct_likely(!(status & CT_S_ASSURED) && !conn->class_ &&
		      !ct_class_has(everybody, CT_CLASS_KEEP)))
		byte_set(tbl, conn, byte_new(tbl, status));
	else
		byte_set(tbl, conn, byte_for(tbl, conn, 0));
}

void ct_worth_changed(struct ct_thread *thr, struct ct_conn *conn)
{
	if (ct_conn_known(conn))
		byte_set(thr->tbl, conn, ct_worth_of(thr->tbl, conn));
}

/*
 * Threads count their own, and hand them over by the batch, which is small
 * enough for the smallest of tables.
 */
void ct_worth_evicted(struct ct_thread *thr)
{
	struct ct_table *tbl = thr->tbl;
	uint64_t eighth = thr->weak_now / 8;
	uint32_t n, mark;

	thr->evicted++;
	if (thr->evicted < 64 && thr->evicted * 8 < eighth)
		return;
	n = atomic_fetch_add_explicit(&tbl->evicted, thr->evicted,
				      memory_order_relaxed) +
	    thr->evicted;
	thr->evicted = 0;
	mark = atomic_load_explicit(&tbl->turned, memory_order_relaxed);
	if (n - mark >= eighth &&
	    atomic_compare_exchange_strong_explicit(&tbl->turned, &mark, n,
						    memory_order_relaxed,
						    memory_order_relaxed))
		atomic_fetch_add_explicit(&tbl->turn, 1, memory_order_relaxed);
}

void ct_worth_answered(struct ct_thread *thr, struct ct_conn *conn)
{
	bool returned = false;
	uint8_t word = ct_conn_class_word(conn);

	if (ct_unlikely(word >= CT_CONN_RECALLED) &&
	    !ops_of(thr->tbl, conn)->evict_score) {
		ct_spin_lock(&conn->lock);
		/* Whoever condemns it counts it, under the same lock. */
		returned = ct_conn_known(conn) &&
			   !(ct_conn_word(conn) & CT_S_ASSURED);
		word = ct_conn_class_word(conn);
		if (returned)
			ct_conn_class_word_set(conn, word | CT_CONN_RETURNED);
		ct_spin_unlock(&conn->lock);
	}
	if (returned) {
		ct_count_weak(thr, -1);
		thr->proven++;
	}
	ct_worth_changed(thr, conn);
}

void ct_worth_touch(struct ct_thread *thr, struct ct_conn *conn)
{
	_Atomic uint8_t *byte = byte_of(thr->tbl, conn);
	uint8_t was = atomic_load_explicit(byte, memory_order_relaxed);

	if ((was & CT_WORTH_BUSY) == CT_WORTH_BUSY || !ct_worth_is_proven(was))
		return;
	was = (uint8_t)(was + CT_WORTH_ONCE);
	if (ct_worth_group(was) == CT_WORTH_STALE)
		was += 1 << CT_WORTH_SHIFT; /* it is not, after all */
	atomic_store_explicit(byte, was, memory_order_relaxed);
}

void ct_worth_stop(struct ct_table *tbl, struct ct_conn *conn)
{
	atomic_store_explicit(byte_of(tbl, conn), 0, memory_order_relaxed);
}

struct ct_age ct_worth_age_held(struct ct_thread *thr,
				const struct ct_conn *conn)
{
	const struct ct_l4_ops *ops = ops_of(thr->tbl, conn);
	struct ct_age age = { 0, 0 };
	int32_t left;

	if (!ops->lifetime)
		return age;
	age.life = ops->lifetime(thr, conn) * CT_TICKS_PER_S;
	left = ct_ticks_until(
		atomic_load_explicit(&conn->timeout, memory_order_acquire),
		thr->now);
	if (left < 0)
		left = 0;
	age.idle = (uint32_t)left < age.life ? age.life - (uint32_t)left : 0;
	return age;
}

uint32_t ct_worth_soft(const struct ct_table *tbl, unsigned class_,
		       uint32_t life)
{
	uint32_t soft = atomic_load_explicit(
		&ct_class_at(&tbl->limits, class_)->soft, memory_order_relaxed);
	uint64_t part = (uint64_t)life * ct_core_param(tbl, CT_P_SOFT_PART);

	if (!soft)
		soft = ct_core_param(tbl, CT_P_SOFT);
	soft *= CT_TICKS_PER_S;
	part /= 1000;
	return life && part < soft ? (uint32_t)part : soft;
}

unsigned ct_conn_class(const struct ct_conn *conn)
{
	unsigned class_ = ct_conn_class_of(conn);

	/* What is dying has another thing there. */
	return ct_conn_word(conn) & CT_S_DYING ? 0 : class_;
}

int ct_conn_class_set(struct ct_thread *thr, struct ct_conn *conn,
		      unsigned class_)
{
	bool alive;

	if (class_ >= CT_CLASSES)
		return CT_E_RANGE;
	ct_spin_lock(&conn->lock);
	alive = !(ct_conn_word(conn) & CT_S_DYING);
	if (alive) {
		uint8_t word = ct_conn_class_word(conn);

		ct_limits_move(thr->tbl, word & CT_CONN_CLASS, (uint8_t)class_);
		ct_conn_class_word_set(conn, (word & ~(unsigned)CT_CONN_CLASS) |
						     class_);
	}
	ct_spin_unlock(&conn->lock);
	ct_worth_changed(thr, conn);
	return alive ? 0 : CT_E_NOENT;
}

struct ct_age ct_worth_age(struct ct_thread *thr, struct ct_conn *conn)
{
	struct ct_age age;

	ct_spin_lock(&conn->lock);
	age = ct_worth_age_held(thr, conn);
	ct_spin_unlock(&conn->lock);
	return age;
}
