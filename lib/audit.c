/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * audit.c - all invariants of a table, for tests
 *
 * Each is a sentence that holds whenever no call is under way.
 */
#include "audit.h"

#include "core/expect.h"
#include "core/head.h"
#include "core/reply.h"
#include "core/table.h"

struct check {
	struct ct_table *tbl;
	uint32_t n_known;   /* confirmed and not dying */
	uint32_t n_private; /* neither */
	uint32_t n_keys;    /* that the known ones must have */
	uint32_t n_slots;   /* that the table has */
	uint32_t n_unowned; /* that their last put left to a poll */
	uint64_t n_mapped;  /* mappings that they use, ended ones too */
	uint64_t n_outside; /* that have their source from a range */
	uint64_t n_weak;    /* known ones that have proven nothing */
	uint64_t n_zoned;   /* in zones with limits */
	uint32_t n_class[CT_CLASSES];
	uint32_t n_buckets;
	uint32_t bucket; /* that is being looked at */
	const char *wrong;
};

static void fail(struct check *check, const char *sentence)
{
	if (!check->wrong)
		check->wrong = sentence;
}

/* A copy is there only while a change of size waits for a grace period. */
static void check_copy(struct check *check)
{
	if (!check->tbl->resize.n_splits)
		fail(check, "a slot's key maps to another bucket");
}

/* Every slot leads to a known connection that has this hash. */
static void check_slot(void *user, struct ct_conn *conn, enum ct_dir dir)
{
	struct check *check = user;
	struct ct_key key[CT_DIR_MAX];
	enum ct_dir found;

	/* Copies included: both go when the connection ends. */
	if (!ct_conn_known(conn)) {
		fail(check, "a slot leads to a connection that is not known");
		return;
	}
	ct_conn_keys(conn, &check->tbl->hash, key);
	if (ct_bucket_map(key[dir].hash, check->n_buckets) != check->bucket) {
		check_copy(check);
		return;
	}
	check->n_slots++;
	key[dir].dirs = (uint8_t)(1u << dir);
	if (ct_buckets_find(check->tbl, &key[dir], &found) != conn)
		fail(check, "a key finds another connection");
}

/* One more of its class and zone, if these are counted. */
static void count_in(struct check *check, const struct ct_conn *conn)
{
	struct ct_tuple t;

	check->n_class[ct_conn_class_of(conn)]++;
	ct_conn_tuple(conn, CT_DIR_ORIG, &t);
	check->n_zoned += ct_limits_zone_has(check->tbl, t.zone) != 0;
}

/*
 * Its byte of worth is that of somebody.  Nothing more is certain: two threads
 * that change a connection at the same time may write it in either order, and
 * the byte of one that ends meanwhile may stay until the place is taken again.
 */
static void check_worth(struct check *check, const struct ct_conn *conn)
{
	const struct ct_table *tbl = check->tbl;

	if (!atomic_load(ct_slab_worth(&tbl->slab, ct_conn_unit(tbl, conn))))
		fail(check, "a known connection cannot be evicted");
	check->n_weak +=
		ct_conn_is_weak(ct_conn_word(conn), ct_conn_class_word(conn));
}

static void check_known(struct check *check, struct ct_conn *conn)
{
	struct ct_table *tbl = check->tbl;
	uint32_t unit = ct_conn_unit(tbl, conn);
	uint32_t deadline = atomic_load(ct_slab_deadline(&tbl->slab, unit));
	struct ct_key key[CT_DIR_MAX];
	unsigned n_keys = CT_DIR_MAX;

	check->n_known++;
	check_worth(check, conn);
	count_in(check, conn);
	ct_conn_keys(conn, &tbl->hash, key);
	if (ct_tuple_equal(&key[CT_DIR_ORIG].tuple, &key[CT_DIR_REPLY].tuple))
		n_keys = 1; /* its own answer */
	check->n_keys += n_keys;
	for (unsigned dir = 0; dir < n_keys; dir++) {
		enum ct_dir found;

		key[dir].dirs = (uint8_t)(1u << dir);
		if (ct_buckets_find(tbl, &key[dir], &found) != conn)
			fail(check, "a known connection is not found");
	}
	if (deadline == CT_TICKS_NEVER)
		fail(check, "a known connection never expires");
	else if (ct_ticks_until(atomic_load(&conn->timeout), deadline) < 0)
		fail(check, "a deadline is later than its timeout");
	if (atomic_load(&conn->events) & CT_EV_DELIVERING)
		fail(check, "events are being delivered by nobody");
}

static void check_links(struct check *check, const struct ct_conn *conn)
{
	const struct ct_link *link;
	unsigned n;

	check->n_mapped += ct_conn_uses(check->tbl, conn);
	link = ct_conn_links(check->tbl, conn, &n);
	for (unsigned i = 0; i < n; i++)
		check->n_outside += ct_outside_is(check->tbl, &link[i]);
}

static void count_private(struct check *check, const struct ct_conn *conn)
{
	check->n_private++;
	count_in(check, conn);
}

static void check_place(struct check *check, uint32_t unit)
{
	struct ct_table *tbl = check->tbl;
	struct ct_conn *conn = ct_conn_at(tbl, unit);
	uint32_t status = ct_conn_word(conn);

	if (status & (CT_S_SRC_NAT | CT_S_DST_NAT))
		check_links(check, conn);
	if (atomic_load(&conn->lock.held))
		fail(check, "a connection is locked by nobody");
	if (ct_conn_known(conn)) {
		check_known(check, conn);
		return;
	}
	if (atomic_load(ct_slab_deadline(&tbl->slab, unit)) != CT_TICKS_NEVER)
		fail(check, "what is not known has a deadline");
	if (!(status & CT_S_RELEASED))
		return;
	/* A private one that outlived a poll is in no thread's list. */
	if (!(status & (CT_S_CONFIRMED | CT_S_DYING)))
		count_private(check, conn);
	if (status / CT_OWNER == 0)
		check->n_unowned++;
}

/* Only those that were put and are about to be freed have no owner. */
static void check_returned(struct check *check)
{
	uint32_t unit = atomic_load(&check->tbl->returned);
	uint32_t n = 0;

	for (; unit && n <= check->n_unowned; n++)
		unit = atomic_load(&ct_conn_at(check->tbl, unit)->timeout);
	if (n != check->n_unowned)
		fail(check, "a connection belongs to nobody");
}

static void check_privates(struct check *check)
{
	struct ct_table *tbl = check->tbl;
	struct ct_thread *thr;

	CT_THREADS_EACH (thr, tbl) {
		for (uint32_t i = 0; i < thr->n_private; i++) {
			const struct ct_conn *conn =
				ct_conn_at(tbl, thr->opened[i].unit);

			if (atomic_load(&conn->gen) == thr->opened[i].gen &&
			    !(ct_conn_word(conn) &
			      (CT_S_CONFIRMED | CT_S_DYING | CT_S_RELEASED)))
				count_private(check, conn);
		}
	}
}

/* An expectation is in its chain and in its master's list, or in neither. */
static void check_expect(struct check *check, const struct ct_expect *exp)
{
	const struct ct_conn *master = ct_conn_at(check->tbl, exp->master);

	if (atomic_load(&exp->state) == CT_EXPECT_DEAD)
		fail(check, "an expectation has ended and is in the table");
	if (!exp->listed)
		fail(check, "an expectation is in no master's list");
	if (ct_conn_word(master) & CT_S_DYING)
		fail(check, "an expectation has outlived its master");
}

static void check_expects(struct check *check)
{
	struct ct_table *tbl = check->tbl;
	uint32_t n = 0;

	for (uint32_t i = 0; i < ct_expects_heads(tbl); i++) {
		uint32_t unit = atomic_load(ct_expects_head(tbl, i));

		if (unit & CT_HEAD_LOCK) {
			fail(check, "a chain of expectations is locked");
			return;
		}
		for (; unit; unit = ct_expect_at(tbl, unit)->next, n++)
			check_expect(check, ct_expect_at(tbl, unit));
	}
	if (n != atomic_load(&tbl->helpers.n_expects))
		fail(check,
		     "not as many expectations are counted as there are");
}

/* Classes and zones are counted where there are limits; those that have proven
 * nothing, always. */
static void check_counts(struct check *check)
{
	struct ct_table *tbl = check->tbl;
	const struct ct_limits *limits = &tbl->limits;
	uint64_t zoned = 0;

	if (check->n_weak != ct_count_weak_now(tbl))
		fail(check, "others are counted than have proven nothing");
	if (!limits->on)
		return;
	for (unsigned i = 0; i < CT_CLASSES; i++)
		if (atomic_load(&limits->classes[i].n) != check->n_class[i])
			fail(check, "a class counts others than it has");
	for (unsigned i = 0; limits->zones && i < CT_ZONE_SLOTS; i++)
		zoned += atomic_load(&limits->zones[i].n);
	if (zoned != check->n_zoned)
		fail(check, "zones count others than they have");
}

const char *ct_table_check(struct ct_table *tbl)
{
	struct check check = { .tbl = tbl };
	uint32_t unit = ct_slab_next_conn(&tbl->slab, 0);
	uint32_t n_conns = ct_count_now(tbl);

	for (; unit; unit = ct_slab_next_conn(&tbl->slab,
					      unit + tbl->extend.conn_units))
		check_place(&check, unit);
	check.n_buckets = atomic_load(&tbl->buckets.n);
	for (; check.bucket < check.n_buckets; check.bucket++)
		ct_buckets_visit(tbl, check.bucket, check_slot, &check);
	check_privates(&check);
	check_returned(&check);
	check_expects(&check);
	check_counts(&check);

	if (check.n_slots != check.n_keys)
		fail(&check, "the table has other keys than its connections");
	if (n_conns != check.n_known + check.n_private)
		fail(&check,
		     "not as many connections are counted as there are");
	if (check.n_mapped != ct_mappings_users(tbl))
		fail(&check, "mappings count other users than they have");
	if (check.n_outside != ct_outsides_users(tbl))
		fail(&check, "an outside address has other connections");
	if (n_conns > tbl->max_conns)
		fail(&check, "more connections are counted than there may be");
	return check.wrong;
}
