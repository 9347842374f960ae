/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * extend.c - where a connection keeps what plug-ins add
 */
#include "core/extend.h"

#include "core/stamps.h"
#include "core/table.h"

#include <string.h>

enum {
	EXT_LEN_MAX = 1024,
	LABELS_LEN = 16,
	SEAL_ADDS = 3 /* accounting, time stamps, TCP's: kept free for them */
};

CT_STATIC_ASSERT(CT_EXT_MAX *(EXT_LEN_MAX + CT_UNIT) + 2 * CT_LINE <=
			 UINT16_MAX,
		 "offsets have 16 bits");

/* The block's first word: one bit for each extension that is there. */
#define BLOCK_HEADER 8

static const struct ct_ext_ops acct_ops = {
	.size = sizeof(acct_ops),
	.name = "accounting",
	.len = sizeof(struct ct_acct),
	.align = _Alignof(struct ct_acct),
	.flags = CT_EXT_ALWAYS,
};

static const struct ct_ext_ops times_ops = {
	.size = sizeof(times_ops),
	.name = "time stamps",
	.len = sizeof(struct ct_times),
	.align = _Alignof(struct ct_times),
	.flags = CT_EXT_ALWAYS,
};

static const struct ct_ext_ops labels_ops = {
	.size = sizeof(labels_ops),
	.name = "labels",
	.len = LABELS_LEN,
	.align = _Alignof(uint64_t),
};

static const struct ct_ext_ops cookie_ops = {
	.size = sizeof(cookie_ops),
	.name = "cookie",
	.len = sizeof(uint64_t),
	.align = _Alignof(uint64_t),
};

static int add(struct ct_extend *ext, const struct ct_ext_ops *ops,
	       ct_ext_id *id)
{
	if (ext->n == CT_EXT_MAX)
		return CT_E_FULL;
	ext->ops[ext->n] = ops;
	*id = (ct_ext_id)ext->n++;
	ext->destroys |= ops->destroy != NULL;
	return 0;
}

static bool always(const struct ct_ext_ops *ops)
{
	return ops->flags & CT_EXT_ALWAYS;
}

static uint32_t aligned(uint32_t at, uint32_t align)
{
	return (at + align - 1) & ~(align - 1);
}

static uint32_t units(uint32_t bytes)
{
	return (bytes + CT_UNIT - 1) / CT_UNIT;
}

/* Bytes of a connection and of a block on demand. */
struct layout {
	uint32_t conn;
	uint32_t block;
};

static struct layout layout_empty(void)
{
	return (struct layout){ sizeof(struct ct_conn), BLOCK_HEADER };
}

/* => Where it is. */
static uint32_t layout_add(struct layout *layout, const struct ct_ext_ops *ops)
{
	uint32_t *len = always(ops) ? &layout->conn : &layout->block;
	uint32_t off = aligned(*len, ops->align);

	*len = off + ops->len;
	return off;
}

/*
 * Whether a full table would fit with one more: references have 31 bits.  A
 * quarter of them is for what waits, for overflow buckets and deadlines.
 *
 * => Whatever the parameters ask for: the seal must not fail for this.
 */
static bool fits(const struct ct_table *tbl, const struct ct_ext_ops *more)
{
	const struct ct_extend *ext = &tbl->extend;
	struct layout layout = layout_empty();
	uint64_t places = (uint64_t)tbl->max_conns;

	for (uint32_t i = 0; i < ext->n; i++)
		layout_add(&layout, ext->ops[i]);
	layout_add(&layout, more);
	layout_add(&layout, &acct_ops);
	layout_add(&layout, &times_ops);
	layout_add(&layout, &ct_stamps_ops);
	return places * (units(layout.conn) + units(layout.block)) <=
	       UINT64_C(3) << 29;
}

int ct_ext_register(struct ct_table *tbl, const struct ct_ext_ops *ops,
		    ct_ext_id *id)
{
	if (atomic_load_explicit(&tbl->sealed, memory_order_acquire))
		return CT_E_SEALED;
	if (ops->size != sizeof(*ops))
		return CT_E_VERSION;
	if (!ops->name || !ops->len || ops->len > EXT_LEN_MAX || !ops->align ||
	    (ops->align & (ops->align - 1)) || ops->align > CT_UNIT ||
	    (ops->flags & ~(uint32_t)CT_EXT_ALWAYS))
		return CT_E_INVAL;
	if (tbl->extend.n >= CT_EXT_MAX - SEAL_ADDS || !fits(tbl, ops))
		return CT_E_FULL;
	return add(&tbl->extend, ops, id);
}

int ct_extend_init(struct ct_table *tbl)
{
	struct ct_extend *ext = &tbl->extend;
	int error;

	ext->acct = CT_EXT_NONE;
	ext->times = CT_EXT_NONE;
	ext->stamps = CT_EXT_NONE;
	error = add(ext, &labels_ops, &ext->labels);
	return error ? error : add(ext, &cookie_ops, &ext->cookie);
}

int ct_extend_seal(struct ct_table *tbl)
{
	struct ct_extend *ext = &tbl->extend;
	struct layout layout = layout_empty();
	int error = 0;

	if (ct_core_param(tbl, CT_P_ACCT) && ext->acct == CT_EXT_NONE)
		error = add(ext, &acct_ops, &ext->acct);
	if (!error && ct_core_param(tbl, CT_P_TIMESTAMP) &&
	    ext->times == CT_EXT_NONE)
		error = add(ext, &times_ops, &ext->times);
	if (!error && ct_core_param(tbl, CT_P_PROBE_STAMPS) &&
	    ext->stamps == CT_EXT_NONE)
		error = add(ext, &ct_stamps_ops, &ext->stamps);
	if (error)
		return error;

	for (uint32_t i = 0; i < ext->n; i++)
		ext->off[i] = (uint16_t)layout_add(&layout, ext->ops[i]);
	ext->conn_units = units(layout.conn);
	ext->block_units = units(layout.block);
	return 0;
}

/* --- Of one connection -------------------------------------------------- */

/* A block on demand, seen as its first word. */
static uint8_t *block_bytes(const struct ct_table *tbl, uint32_t unit)
{
	return ct_slab_at(&tbl->slab, unit);
}

static _Atomic uint32_t *block_of(const struct ct_table *tbl,
				  const struct ct_conn *conn)
{
	/* acquire; pairs with the release in block_make() */
	uint32_t unit = atomic_load_explicit(&conn->ext, memory_order_acquire);

	return unit ? ct_slab_at(&tbl->slab, unit) : NULL;
}

static void *in_block(const struct ct_table *tbl, const struct ct_conn *conn,
		      ct_ext_id id)
{
	uint32_t unit = atomic_load_explicit(&conn->ext, memory_order_acquire);

	return block_bytes(tbl, unit) + tbl->extend.off[id];
}

static void *in_conn(const struct ct_extend *ext, const struct ct_conn *conn,
		     ct_ext_id id)
{
	/* The object is ours to write, whoever holds it as constant. */
	return (uint8_t *)(uintptr_t)conn + ext->off[id];
}

void *ct_ext(const struct ct_table *tbl, const struct ct_conn *conn,
	     ct_ext_id id)
{
	const struct ct_extend *ext = &tbl->extend;
	_Atomic uint32_t *block;

	if (id >= ext->n)
		return NULL;
	if (always(ext->ops[id]))
		return in_conn(ext, conn, id);
	block = block_of(tbl, conn);
	if (!block ||
	    !(atomic_load_explicit(block, memory_order_acquire) & 1u << id))
		return NULL;
	return in_block(tbl, conn, id);
}

static _Atomic uint32_t *block_make(struct ct_thread *thr, struct ct_conn *conn)
{
	struct ct_table *tbl = thr->tbl;
	struct ct_magazine *magazine = &thr->magazine[CT_SLAB_EXT];
	uint32_t unit = ct_slab_alloc(&tbl->slab, magazine, CT_SLAB_EXT);
	uint32_t none = 0;

	if (!unit)
		return NULL;
	memset(block_bytes(tbl, unit), 0,
	       (size_t)tbl->extend.block_units * CT_UNIT);
	/* release: zeroed before it can be seen; pairs with block_of() */
	if (!atomic_compare_exchange_strong_explicit(&conn->ext, &none, unit,
						     memory_order_acq_rel,
						     memory_order_acquire)) {
		ct_slab_free(&tbl->slab, magazine, CT_SLAB_EXT, unit);
		unit = none; /* another thread was first */
	}
	return ct_slab_at(&tbl->slab, unit);
}

void *ct_ext_add(struct ct_thread *thr, struct ct_conn *conn, ct_ext_id id)
{
	const struct ct_extend *ext = &thr->tbl->extend;
	_Atomic uint32_t *block;

	if (id >= ext->n)
		return NULL;
	if (always(ext->ops[id]))
		return in_conn(ext, conn, id);
	block = block_of(thr->tbl, conn);
	if (!block)
		block = block_make(thr, conn);
	if (!block)
		return NULL;
	atomic_fetch_or_explicit(block, 1u << id, memory_order_acq_rel);
	return in_block(thr->tbl, conn, id);
}

void ct_extend_free(struct ct_thread *thr, struct ct_conn *conn)
{
	struct ct_table *tbl = thr->tbl;
	uint32_t unit = atomic_load_explicit(&conn->ext, memory_order_acquire);

	for (uint32_t i = 0; tbl->extend.destroys && i < tbl->extend.n; i++) {
		void *ext = ct_ext(tbl, conn, (ct_ext_id)i);

		if (ext && tbl->extend.ops[i]->destroy)
			tbl->extend.ops[i]->destroy(ext);
	}
	if (!unit)
		return;
	atomic_store_explicit(&conn->ext, 0, memory_order_relaxed);
	ct_slab_free(&tbl->slab, &thr->magazine[CT_SLAB_EXT], CT_SLAB_EXT,
		     unit);
}

/* --- Built on it -------------------------------------------------------- */

static void bump(_Atomic uint64_t *counter, uint64_t by)
{
	/* Written under the connection's lock: no read-modify-write. */
	atomic_store_explicit(
		counter,
		atomic_load_explicit(counter, memory_order_relaxed) + by,
		memory_order_relaxed);
}

void ct_acct_add(const struct ct_table *tbl, struct ct_conn *conn,
		 const struct ct_pkt *pkt)
{
	struct ct_acct *acct;

	if (tbl->extend.acct == CT_EXT_NONE)
		return;
	acct = in_conn(&tbl->extend, conn, tbl->extend.acct);
	bump(&acct->packets[pkt->dir], 1);
	/* By the network layer: what pads a short frame does not count. */
	bump(&acct->bytes[pkt->dir], (uint64_t)pkt->l4_off + pkt->l4_len);
}

int ct_conn_counter(const struct ct_table *tbl, const struct ct_conn *conn,
		    enum ct_dir dir, struct ct_counter *counter)
{
	const struct ct_acct *acct;

	if (tbl->extend.acct == CT_EXT_NONE)
		return CT_E_NOENT;
	acct = in_conn(&tbl->extend, conn, tbl->extend.acct);
	counter->packets =
		atomic_load_explicit(&acct->packets[dir], memory_order_relaxed);
	counter->bytes =
		atomic_load_explicit(&acct->bytes[dir], memory_order_relaxed);
	return 0;
}

static struct ct_times *times_of(const struct ct_table *tbl,
				 const struct ct_conn *conn)
{
	if (tbl->extend.times == CT_EXT_NONE)
		return NULL;
	return in_conn(&tbl->extend, conn, tbl->extend.times);
}

void ct_times_start(struct ct_thread *thr, struct ct_conn *conn)
{
	struct ct_times *times = times_of(thr->tbl, conn);

	if (times)
		atomic_store_explicit(&times->start_ns, thr->now_ns,
				      memory_order_relaxed);
}

void ct_times_stop(struct ct_thread *thr, struct ct_conn *conn)
{
	struct ct_times *times = times_of(thr->tbl, conn);
	uint64_t start, stop = thr->now_ns;

	if (!times)
		return;
	/* This thread's clock may be behind that of whoever confirmed it. */
	start = atomic_load_explicit(&times->start_ns, memory_order_relaxed);
	atomic_store_explicit(&times->stop_ns, stop > start ? stop : start,
			      memory_order_relaxed);
}

int ct_conn_times(const struct ct_table *tbl, const struct ct_conn *conn,
		  uint64_t *start, uint64_t *stop)
{
	const struct ct_times *times = times_of(tbl, conn);

	if (!times)
		return CT_E_NOENT;
	*start = atomic_load_explicit(&times->start_ns, memory_order_relaxed);
	*stop = atomic_load_explicit(&times->stop_ns, memory_order_relaxed);
	return 0;
}

void ct_conn_labels(const struct ct_table *tbl, const struct ct_conn *conn,
		    uint8_t labels[16])
{
	const _Atomic uint64_t *ext = ct_ext(tbl, conn, tbl->extend.labels);
	uint64_t words[LABELS_LEN / sizeof(uint64_t)] = { 0 };

	for (unsigned i = 0; ext && i < LABELS_LEN / sizeof(*words); i++)
		words[i] = atomic_load_explicit(&ext[i], memory_order_relaxed);
	memcpy(labels, words, LABELS_LEN);
}

int ct_conn_labels_set(struct ct_thread *thr, struct ct_conn *conn,
		       const uint8_t labels[16])
{
	_Atomic uint64_t *ext = ct_ext_add(thr, conn, thr->tbl->extend.labels);
	uint64_t words[LABELS_LEN / sizeof(uint64_t)];
	bool changed = false;

	if (!ext)
		return CT_E_NOMEM;
	memcpy(words, labels, LABELS_LEN);
	for (unsigned i = 0; i < LABELS_LEN / sizeof(*words); i++)
		changed |= atomic_exchange_explicit(&ext[i], words[i],
						    memory_order_relaxed) !=
			   words[i];
	if (changed)
		ct_event_note(thr, conn, CT_EV_LABEL);
	return 0;
}

uint64_t ct_conn_cookie(const struct ct_table *tbl, const struct ct_conn *conn)
{
	const _Atomic uint64_t *ext = ct_ext(tbl, conn, tbl->extend.cookie);

	return ext ? atomic_load_explicit(ext, memory_order_relaxed) : 0;
}

int ct_conn_cookie_set(struct ct_thread *thr, struct ct_conn *conn,
		       uint64_t cookie)
{
	_Atomic uint64_t *ext = ct_ext_add(thr, conn, thr->tbl->extend.cookie);

	if (!ext)
		return CT_E_NOMEM;
	atomic_store_explicit(ext, cookie, memory_order_relaxed);
	return 0;
}
