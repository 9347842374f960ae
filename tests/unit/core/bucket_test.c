/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hash table: publish, find and remove, against a model that is a list.
 */
#include "core/table.h"
#include "core/tags.h"

#include "alloc.h"
#include "suite.h"

#include <string.h>

enum { CONNS_MAX = 4000 };

/* As much of a table and a handle as the buckets ask for. */
static struct ct_table tbl;
static struct ct_thread thr;

static struct ct_test_alloc host_mem;

/* One connection, and what the model knows of it. */
struct entry {
	struct ct_conn *conn;
	struct ct_key key[CT_DIR_MAX];
	bool known;
};

static struct entry entry[CONNS_MAX];
static uint32_t n_entries;
static uint32_t seed;

static uint32_t dice(uint32_t sides)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % sides;
}

static void make(uint32_t max_conns)
{
	struct ct_host host = { .size = sizeof(host) };

	ct_test_alloc_init(&host_mem);
	ct_test_alloc_host(&host_mem, &host);
	memset(&tbl, 0, sizeof(tbl));
	memset(&thr, 0, sizeof(thr));
	thr.tbl = &tbl;
	tbl.max_conns = max_conns;
	ct_mem_init(&tbl.mem, &host, 0);
	ck_assert_int_eq(
		ct_slab_init(&tbl.slab, &tbl.mem, CONNS_MAX, CT_CONN_UNITS, 1),
		0);
	ck_assert_int_eq(ct_buckets_init(&tbl), 0);
	n_entries = 0;
	seed = 2463534242u;
	for (size_t i = 0; i < sizeof(tbl.hash.secret); i++)
		tbl.hash.secret[i] = (uint8_t)dice(256);
}

static void teardown(void)
{
	ct_buckets_fini(&tbl);
	ct_slab_fini(&tbl.slab);
	ct_test_alloc_leaks(&host_mem);
}

/* The tuples of two small numbers; equal ones make a tuple that is its own
 * answer. */
static struct ct_tuple tuple(uint8_t l3, uint16_t from, uint16_t to)
{
	struct ct_tuple t;

	memset(&t, 0, sizeof(t));
	t.l3 = l3;
	t.l4 = 17;
	memcpy(&t.src, &from, sizeof(from));
	memcpy(&t.dst, &to, sizeof(to));
	t.src_id = t.dst_id = 7;
	return t;
}

static struct entry *add(const struct ct_tuple *orig,
			 const struct ct_tuple *reply)
{
	struct entry *e = &entry[n_entries++];
	uint32_t unit;

	ck_assert_uint_le(n_entries, CONNS_MAX);
	unit = ct_slab_alloc(&tbl.slab, &thr.magazine[CT_SLAB_CONN],
			     CT_SLAB_CONN);
	ck_assert_uint_ne(unit, 0);
	memset(e, 0, sizeof(*e));
	e->conn = ct_slab_at(&tbl.slab, unit);
	memset(e->conn, 0, sizeof(*e->conn));
	ct_conn_keys_set(e->conn, orig, reply);
	ct_key_make(&e->key[CT_DIR_ORIG], orig, &tbl.hash);
	ct_key_make(&e->key[CT_DIR_REPLY], reply, &tbl.hash);
	return e;
}

static struct entry *pair(uint8_t l3, uint16_t from, uint16_t to)
{
	struct ct_tuple orig = tuple(l3, from, to);
	struct ct_tuple reply = tuple(l3, to, from);

	return add(&orig, &reply);
}

static int publish(struct entry *e, struct ct_clash *clash)
{
	uint32_t hash[CT_DIR_MAX];
	int error;

	ct_conn_hashes(e->conn, &tbl.hash, hash);
	error = ct_buckets_publish(&thr, e->conn, hash, clash);

	e->known = error == 0;
	return error;
}

static void publish_ok(struct entry *e)
{
	struct ct_clash clash;

	ck_assert_int_eq(publish(e, &clash), 0);
	ck_assert(ct_conn_known(e->conn));
}

static void take_out(struct entry *e)
{
	uint32_t hash[CT_DIR_MAX];

	ct_conn_hashes(e->conn, &tbl.hash, hash);
	ct_conn_set(e->conn, CT_S_DYING);
	ct_buckets_remove(&thr, e->conn, hash);
	e->known = false;
}

static struct entry *model_find(const struct ct_tuple *t, enum ct_dir *dir)
{
	for (uint32_t i = 0; i < n_entries; i++) {
		struct entry *e = &entry[i];

		for (unsigned d = 0; e->known && d < CT_DIR_MAX; d++) {
			*dir = (enum ct_dir)d;
			if (ct_tuple_equal(&e->key[d].tuple, t))
				return e;
		}
	}
	return NULL;
}

/* The table and the model agree about a tuple. */
static void agree(const struct ct_tuple *t)
{
	enum ct_dir dir = CT_DIR_MAX, want_dir = CT_DIR_MAX;
	const struct entry *want = model_find(t, &want_dir);
	struct ct_conn *conn;
	struct ct_key key;

	ct_key_make(&key, t, &tbl.hash);
	conn = ct_buckets_find(&tbl, &key, &dir);
	/* Called so often that ck_assert() would take most of the time. */
	if (conn != (want ? want->conn : NULL))
		ck_abort_msg("another connection than the model's");
	if (want && dir != want_dir)
		ck_abort_msg("another direction than the model's");
}

static void count(void *user, struct ct_conn *conn, enum ct_dir dir)
{
	unsigned *n = user;

	(void)conn;
	(void)dir;
	++*n;
}

static unsigned slots(void)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < tbl.buckets.n; i++)
		ct_buckets_visit(&tbl, i, count, &n);
	return n;
}

START_TEST(found_by_both_tuples_in_its_direction)
{
	static const uint8_t l3s[] = { CT_L3_IPV4, CT_L3_IPV6, 200 };

	make(100);
	for (unsigned i = 0; i < sizeof(l3s); i++) {
		struct entry *e = pair(l3s[i], 1, 2);

		agree(&e->key[CT_DIR_ORIG].tuple);
		publish_ok(e);
		agree(&e->key[CT_DIR_ORIG].tuple);
		agree(&e->key[CT_DIR_REPLY].tuple);
	}
	teardown();
}
END_TEST

START_TEST(removed_one_is_gone_and_may_come_again)
{
	struct entry *e, *again;

	make(100);
	e = pair(CT_L3_IPV4, 1, 2);
	publish_ok(e);
	take_out(e);
	agree(&e->key[CT_DIR_ORIG].tuple);
	agree(&e->key[CT_DIR_REPLY].tuple);
	ck_assert_uint_eq(slots(), 0);
	again = pair(CT_L3_IPV4, 1, 2);
	publish_ok(again);
	agree(&again->key[CT_DIR_REPLY].tuple);
	teardown();
}
END_TEST

START_TEST(dying_one_is_no_clash_and_is_not_found)
{
	struct entry *old, *new;

	make(100);
	old = pair(CT_L3_IPV6, 1, 2);
	publish_ok(old);
	ct_conn_set(old->conn, CT_S_DYING);
	old->known = false;
	agree(&old->key[CT_DIR_ORIG].tuple);
	new = pair(CT_L3_IPV6, 1, 2);
	publish_ok(new);
	/* Deletion is by reference: the new one stays. */
	take_out(old);
	agree(&new->key[CT_DIR_ORIG].tuple);
	agree(&new->key[CT_DIR_REPLY].tuple);
	ck_assert_uint_eq(slots(), 2);
	teardown();
}
END_TEST

static void clashes(const struct ct_tuple *orig, const struct ct_tuple *reply,
		    const struct entry *with, enum ct_dir dir)
{
	struct entry *e = add(orig, reply);
	struct ct_clash clash = { NULL, CT_DIR_MAX };

	ck_assert_int_eq(publish(e, &clash), CT_E_EXIST);
	ck_assert_ptr_eq(clash.conn, with->conn);
	ck_assert_int_eq(clash.dir, dir);
	ck_assert(!ct_conn_known(e->conn));
}

START_TEST(clash_is_found_from_both_sides)
{
	struct ct_tuple there, back, else_;
	struct entry *e;

	make(100);
	there = tuple(CT_L3_IPV4, 1, 2);
	back = tuple(CT_L3_IPV4, 2, 1);
	else_ = tuple(CT_L3_IPV4, 3, 4);
	e = add(&there, &back);
	publish_ok(e);
	clashes(&there, &back, e, CT_DIR_ORIG);
	clashes(&back, &there, e, CT_DIR_REPLY);
	clashes(&there, &else_, e, CT_DIR_ORIG);
	clashes(&back, &else_, e, CT_DIR_REPLY);
	/* Only the answers are the same: the other end's original tuple. */
	clashes(&else_, &back, e, CT_DIR_ORIG);
	clashes(&else_, &there, e, CT_DIR_REPLY);
	ck_assert_uint_eq(slots(), 2);
	teardown();
}
END_TEST

START_TEST(tuple_that_is_its_own_answer_is_one_key)
{
	struct entry *e;

	make(100);
	e = pair(CT_L3_IPV4, 5, 5);
	publish_ok(e);
	ck_assert_uint_eq(slots(), 1);
	agree(&e->key[CT_DIR_ORIG].tuple);
	take_out(e);
	ck_assert_uint_eq(slots(), 0);
	agree(&e->key[CT_DIR_ORIG].tuple);
	teardown();
}
END_TEST

/* One bucket for all: every entry beyond the tenth stands in a chain. */
static void make_chain(void)
{
	make(1);
	ck_assert_uint_eq(tbl.buckets.n, 1);
}

static unsigned links(void)
{
	const struct ct_bucket *bucket = ct_bucket_at(&tbl.buckets, 0);
	unsigned n = 0;

	while ((bucket = ct_bucket_next(&tbl, bucket)) != NULL)
		n++;
	return n;
}

START_TEST(chains_are_searched_to_their_end)
{
	make_chain();
	for (uint16_t i = 0; i < 40; i++)
		publish_ok(pair(CT_L3_IPV4, i, (uint16_t)(i + 1000)));
	ck_assert_uint_eq(links(), 7);
	/* It had three buckets already when the fourth to eighth came. */
	ck_assert_uint_eq(tbl.buckets.alarms, 5);
	for (uint32_t i = 0; i < n_entries; i++)
		for (unsigned d = 0; d < CT_DIR_MAX; d++)
			agree(&entry[i].key[d].tuple);
	ck_assert_uint_eq(slots(), 80);
	teardown();
}
END_TEST

START_TEST(emptied_chain_goes_back_to_the_slab)
{
	make_chain();
	for (uint16_t i = 0; i < 40; i++)
		publish_ok(pair(CT_L3_IPV4, i, (uint16_t)(i + 1000)));
	/* From the middle on: what is empty there has to wait for the end. */
	for (uint32_t i = 0; i < n_entries; i++) {
		take_out(&entry[(i + n_entries / 2) % n_entries]);
		for (uint32_t j = 0; j < n_entries; j++)
			agree(&entry[j].key[CT_DIR_REPLY].tuple);
	}
	ck_assert_uint_eq(slots(), 0);
	ck_assert_uint_eq(links(), 0);
	teardown();
}
END_TEST

/* Room for one key is not room for two. */
START_TEST(half_a_connection_is_never_in_the_table)
{
	struct entry *e[6];
	struct ct_clash clash;

	make_chain();
	for (uint16_t i = 0; i < 6; i++)
		e[i] = pair(CT_L3_IPV4, i, (uint16_t)(i + 1000));
	publish_ok(pair(CT_L3_IPV4, 9, 9));
	for (uint16_t i = 0; i < 4; i++)
		publish_ok(e[i]);
	/* The chain can not be extended: the host has no more memory. */
	tbl.mem.max_bytes = 1;
	ck_assert_int_eq(publish(e[4], &clash), CT_E_FULL);
	ck_assert(!ct_conn_known(e[4]->conn));
	ck_assert_uint_eq(slots(), 9);
	agree(&e[4]->key[CT_DIR_ORIG].tuple);
	take_out(e[0]);
	publish_ok(e[4]);
	ck_assert_uint_eq(slots(), 9);
	tbl.mem.max_bytes = 0;
	publish_ok(e[5]);
	ck_assert_uint_eq(slots(), 11);
	teardown();
}
END_TEST

/* One turn of the model: a random pair is published or taken out. */
static void turn(void)
{
	static const uint8_t l3s[] = { CT_L3_IPV4, CT_L3_IPV6 };
	struct ct_tuple orig =
		tuple(l3s[dice(2)], (uint16_t)dice(24), (uint16_t)dice(24));
	struct ct_tuple reply = tuple(orig.l3, 0, 0);
	enum ct_dir dir;
	struct entry *e;

	reply.src = orig.dst;
	reply.dst = orig.src;
	e = model_find(&orig, &dir);
	if (e && dice(2)) {
		take_out(e);
		return;
	}
	if (e) {
		clashes(&orig, &reply, e, dir);
		return;
	}
	publish_ok(add(&orig, &reply));
}

START_TEST(table_and_model_agree_after_thousands_of_turns)
{
	make(600);
	for (unsigned i = 0; i < CONNS_MAX; i++) {
		unsigned keys = 0;

		turn();
		if (i % 97)
			continue;
		for (uint32_t n = 0; n < n_entries; n++) {
			struct entry *e = &entry[n];

			agree(&e->key[CT_DIR_ORIG].tuple);
			agree(&e->key[CT_DIR_REPLY].tuple);
			if (e->known)
				keys += ct_tuple_equal(&e->key[0].tuple,
						       &e->key[1].tuple)
						? 1
						: 2;
		}
		ck_assert_uint_eq(slots(), keys);
	}
	teardown();
}
END_TEST

/* Overflow buckets in use, by walking every chain. */
static unsigned all_links(void)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < tbl.buckets.n; i++) {
		const struct ct_bucket *bucket = ct_bucket_at(&tbl.buckets, i);

		while ((bucket = ct_bucket_next(&tbl, bucket)) != NULL)
			n++;
	}
	return n;
}

/*
 * A full table whose connections come and go for a long time: buckets overflow
 * now here, now there, and what was lent for that must come back.
 */
START_TEST(overflow_buckets_are_not_used_up_by_churn)
{
	enum { LIVE = 640, TURNS = 40000 };
	uint64_t bytes;

	make(LIVE);
	for (uint16_t i = 0; i < LIVE; i++)
		publish_ok(pair(CT_L3_IPV4, i, 60000));
	/* The slab may be a chunk short of what chance asks for at times. */
	bytes = ct_mem_in_use(&tbl.mem) + ((size_t)CT_UNIT << tbl.slab.shift);
	for (uint32_t i = 0; i < TURNS; i++) {
		struct entry *e = &entry[dice(LIVE)];
		struct ct_tuple there = e->key[CT_DIR_ORIG].tuple, back;

		take_out(e);
		there.src_id = (ct_be16)i;
		there.zone = (uint16_t)(i >> 16);
		back = there;
		back.src = there.dst;
		back.dst = there.src;
		back.src_id = there.dst_id;
		back.dst_id = there.src_id;
		memset(e->conn, 0, sizeof(*e->conn));
		ct_conn_keys_set(e->conn, &there, &back);
		ct_key_make(&e->key[CT_DIR_ORIG], &there, &tbl.hash);
		ct_key_make(&e->key[CT_DIR_REPLY], &back, &tbl.hash);
		publish_ok(e);
	}
	ck_assert_uint_eq(slots(), 2 * LIVE);
	ck_assert_uint_gt(all_links(), 0);
	ck_assert_uint_le(ct_mem_in_use(&tbl.mem), bytes);
	for (uint32_t i = 0; i < n_entries; i++)
		take_out(&entry[i]);
	ck_assert_uint_eq(all_links(), 0);
	teardown();
}
END_TEST

START_TEST(table_of_any_size_takes_what_it_was_made_for)
{
	static const uint32_t sizes[] = { 1,  2,  3,   4,    10,   33,
					  64, 97, 100, 1000, 1280, 2560 };

	for (unsigned s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		uint32_t n = sizes[s];

		make(n);
		for (uint32_t i = 0; i < n; i++)
			publish_ok(pair(CT_L3_IPV6, (uint16_t)i, 5000));
		for (uint32_t i = 0; i < n; i += n / 50 + 1)
			agree(&entry[i].key[CT_DIR_REPLY].tuple);
		ck_assert_uint_eq(slots(), 2 * n);
		teardown();
	}
}
END_TEST

START_TEST(both_its_parts_are_asked_for)
{
	for (uint64_t n = 1; n <= 2; n++) {
		make(100);
		ct_buckets_fini(&tbl);
		memset(&tbl.buckets, 0, sizeof(tbl.buckets));
		memset(&tbl.resize, 0, sizeof(tbl.resize));
		ct_test_alloc_fail_nth(&host_mem, n);
		ck_assert_int_eq(ct_buckets_init(&tbl), CT_E_NOMEM);
		teardown();
	}
}
END_TEST

/* As many hash values as there are go to each bucket's two halves. */
START_TEST(mapping_splits_one_bucket_at_a_time)
{
	for (uint32_t n = 1; n < 70; n++) {
		for (uint64_t hash = 0; hash < 1000; hash++) {
			uint32_t before = ct_bucket_map(hash, n);
			uint32_t after = ct_bucket_map(hash, n + 1);

			bool moved =
				after == n && before == ct_bucket_source(n);

			if (before >= n || (after != before && !moved))
				ck_abort_msg("hash %u of %u buckets",
					     (unsigned)hash, n);
		}
	}
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("bucket");
	TCase *tc = tcase_create("bucket");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, found_by_both_tuples_in_its_direction);
	tcase_add_test(tc, removed_one_is_gone_and_may_come_again);
	tcase_add_test(tc, dying_one_is_no_clash_and_is_not_found);
	tcase_add_test(tc, clash_is_found_from_both_sides);
	tcase_add_test(tc, tuple_that_is_its_own_answer_is_one_key);
	tcase_add_test(tc, chains_are_searched_to_their_end);
	tcase_add_test(tc, emptied_chain_goes_back_to_the_slab);
	tcase_add_test(tc, half_a_connection_is_never_in_the_table);
	tcase_add_test(tc, table_and_model_agree_after_thousands_of_turns);
	tcase_add_test(tc, overflow_buckets_are_not_used_up_by_churn);
	tcase_add_test(tc, table_of_any_size_takes_what_it_was_made_for);
	tcase_add_test(tc, both_its_parts_are_asked_for);
	tcase_add_test(tc, mapping_splits_one_bucket_at_a_time);
	suite_add_tcase(suite, tc);
	return suite;
}
