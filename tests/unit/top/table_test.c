/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A table: made, sealed, ended.
 */
#include "core/table.h"

#include "suite.h"
#include "world.h"

#include <conntrack/plugin.h>
#include <string.h>

static struct ct_table *tbl;

static uint64_t param(const char *name)
{
	uint64_t value;

	ck_assert_int_eq(ct_param_get(tbl, name, &value), 0);
	return value;
}

START_TEST(defaults_are_those_of_the_recommended_profile)
{
	ck_assert_int_eq(ct_table_create(NULL, &tbl), 0);
	ck_assert_uint_eq(param("max_conns"), 262144);
	ck_assert_uint_eq(param("udp.timeout.stream"), 300);
	ct_table_destroy(tbl);
}
END_TEST

START_TEST(profile_of_linux_has_its_defaults)
{
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .profile = CT_PROFILE_LINUX };

	ck_assert_int_eq(ct_table_create(&cfg, &tbl), 0);
	ck_assert_uint_eq(param("udp.timeout.stream"), 120);
	ck_assert_uint_eq(param("tcp.timeout.established"), 432000);
	ct_table_destroy(tbl);
}
END_TEST

/* A promise to small devices; one thread, and the table's own handle. */
START_TEST(table_for_64_fits_16_kilobytes)
{
	const struct ct_config cfg = { .size = sizeof(cfg), .max_conns = 64 };
	struct ct_mem_report report = { .size = sizeof(report) };
	struct ct_thread *thr;

	ck_assert_int_eq(ct_table_create(&cfg, &tbl), 0);
	ck_assert_int_eq(ct_thread_attach(tbl, &thr), 0);
	ck_assert_int_eq(ct_mem_report(tbl, &report), 0);
	ck_assert_uint_le(report.total, 16384);
	ct_thread_detach(thr);
	ct_table_destroy(tbl);
}
END_TEST

START_TEST(caller_of_an_older_header_gets_defaults)
{
	struct ct_config cfg = { .size = offsetof(struct ct_config, max_conns),
				 .max_conns = 7,
				 .profile = 99 };

	ck_assert_int_eq(ct_table_create(&cfg, &tbl), 0);
	ck_assert_uint_eq(param("max_conns"), 262144);
	ct_table_destroy(tbl);
}
END_TEST

START_TEST(caller_of_a_newer_header_may_want_nothing_new)
{
	struct {
		struct ct_config cfg;
		uint64_t future;
	} newer = { .cfg = { .size = sizeof(newer), .max_conns = 7 } };

	ck_assert_int_eq(ct_table_create(&newer.cfg, &tbl), 0);
	ck_assert_uint_eq(param("max_conns"), 7);
	ct_table_destroy(tbl);
	newer.future = 1;
	ck_assert_int_eq(ct_table_create(&newer.cfg, &tbl), CT_E_VERSION);
}
END_TEST

START_TEST(host_has_a_size_as_well)
{
	struct {
		struct ct_host host;
		uint64_t future;
	} newer = { .host = { .size = sizeof(newer) } };
	struct ct_config cfg = { .size = sizeof(cfg), .host = &newer.host };

	ck_assert_int_eq(ct_table_create(&cfg, &tbl), 0);
	ct_table_destroy(tbl);
	newer.future = 1;
	ck_assert_int_eq(ct_table_create(&cfg, &tbl), CT_E_VERSION);
	newer.host.size = 0;
	ck_assert_int_eq(ct_table_create(&cfg, &tbl), CT_E_INVAL);
}
END_TEST

START_TEST(configuration_must_make_sense)
{
	struct ct_config cfg = { .size = 0 };

	ck_assert_int_eq(ct_table_create(&cfg, &tbl), CT_E_INVAL);
	cfg.size = sizeof(cfg);
	cfg.profile = CT_PROFILE_LINUX + 1;
	ck_assert_int_eq(ct_table_create(&cfg, &tbl), CT_E_INVAL);
	cfg.profile = CT_PROFILE_LINUX;
	cfg.max_conns = UINT32_MAX;
	ck_assert_int_eq(ct_table_create(&cfg, &tbl), CT_E_INVAL);
}
END_TEST

START_TEST(host_brings_both_of_alloc_and_free_or_none)
{
	struct ct_test_alloc mem;
	struct ct_host host = { .size = sizeof(host) };
	struct ct_config cfg = { .size = sizeof(cfg), .host = &host };

	ct_test_alloc_init(&mem);
	ct_test_alloc_host(&mem, &host);
	host.alloc = NULL;
	ck_assert_int_eq(ct_table_create(&cfg, &tbl), CT_E_INVAL);
	ct_test_alloc_host(&mem, &host);
	host.free = NULL;
	ck_assert_int_eq(ct_table_create(&cfg, &tbl), CT_E_INVAL);
	ck_assert_uint_eq(atomic_load(&mem.calls), 0);
}
END_TEST

/* References have 31 bits: what does not fit is told before the attach. */
START_TEST(largest_table_can_be_attached)
{
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = 1u << 28 };
	static const struct ct_ext_ops large = {
		.size = sizeof(large), .name = "large", .len = 1024, .align = 1
	};
	struct ct_thread *thr;
	ct_ext_id id;

	ck_assert_int_eq(ct_table_create(&cfg, &tbl), 0);
	ck_assert_int_eq(ct_param_set(tbl, "acct", 1), 0);
	ck_assert_int_eq(ct_param_set(tbl, "timestamp", 1), 0);
	ck_assert_int_eq(ct_ext_register(tbl, &large, &id), CT_E_FULL);
	ck_assert_int_eq(ct_thread_attach(tbl, &thr), 0);
	ct_thread_detach(thr);
	ct_table_destroy(tbl);
}
END_TEST

START_TEST(extensions_fit_a_table_or_are_refused)
{
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = 1u << 24 };
	static const struct ct_ext_ops large = { .size = sizeof(large),
						 .name = "large",
						 .len = 1024,
						 .align = 1,
						 .flags = CT_EXT_ALWAYS };
	struct ct_thread *thr;
	ct_ext_id id;
	unsigned n = 0;

	ck_assert_int_eq(ct_table_create(&cfg, &tbl), 0);
	while (!ct_ext_register(tbl, &large, &id))
		n++;
	ck_assert_uint_eq(n, 5); /* 16 units each, of 96 */
	ck_assert_int_eq(ct_thread_attach(tbl, &thr), 0);
	ct_thread_detach(thr);
	ct_table_destroy(tbl);
}
END_TEST

START_TEST(limit_in_bytes_is_the_hosts)
{
	struct ct_test_alloc mem;
	struct ct_host host = { .size = sizeof(host) };
	struct ct_config cfg = { .size = sizeof(cfg),
				 .host = &host,
				 .max_bytes = 6000,
				 .max_conns = 1000 };

	ct_test_alloc_init(&mem);
	ct_test_alloc_host(&mem, &host);
	ck_assert_int_eq(ct_table_create(&cfg, &tbl), CT_E_NOMEM);
	ct_test_alloc_leaks(&mem);
}
END_TEST

START_TEST(nothing_is_destroyed_in_peace)
{
	ct_table_destroy(NULL);
	ct_thread_detach(NULL);
}
END_TEST

/* --- With the world ----------------------------------------------------- */

static struct ct_world w;

START_TEST(unsealed_table_ends_cleanly)
{
	ct_world_create(&w, NULL);
	ct_world_end(&w);
}
END_TEST

START_TEST(table_ends_with_all_that_is_in_it)
{
	ct_world_create(&w, NULL);
	ct_world_watch(&w);
	ct_world_attach(&w);
	for (uint32_t i = 0; i < 100; i++) {
		struct ct_test_flow flow = ct_world_flow(i);
		struct ct_pkt pkt = ct_world_udp(&w, &flow, CT_DIR_ORIG);

		if (i % 2)
			ck_assert_int_eq(ct_conn_cookie_set(w.thr, pkt.conn, 1),
					 0);
		if (i % 3 == 0)
			ct_conn_delete(w.thr, pkt.conn);
	}
	ct_world_end(&w);
	ck_assert_uint_eq(ct_world_freed(), 100);
}
END_TEST

START_TEST(bytes_reported_are_those_that_the_host_saw)
{
	struct ct_stats stats = { .size = sizeof(stats) };

	ct_world_start(&w, 1000);
	for (uint32_t i = 0; i < 500; i++) {
		struct ct_test_flow flow = ct_world_flow(i);

		ct_world_udp(&w, &flow, CT_DIR_ORIG);
	}
	ck_assert_int_eq(ct_stats(w.tbl, &stats), 0);
	ck_assert_uint_eq(stats.bytes, atomic_load(&w.mem.bytes));
	ct_world_end(&w);
}
END_TEST

START_TEST(first_attach_seals)
{
	static const struct ct_ext_ops ops = {
		.size = sizeof(ops), .name = "late", .len = 1, .align = 1
	};
	struct ct_thread *second;
	ct_ext_id id;

	ct_world_create(&w, NULL);
	ck_assert_int_eq(ct_ext_register(w.tbl, &ops, &id), 0);
	ck_assert_int_eq(ct_param_set(w.tbl, "acct", 1), 0);
	ct_world_attach(&w);
	ck_assert_int_eq(ct_ext_register(w.tbl, &ops, &id), CT_E_SEALED);
	ck_assert_int_eq(ct_param_set(w.tbl, "acct", 0), CT_E_SEALED);
	ck_assert_int_eq(ct_thread_attach(w.tbl, &second), 0);
	ct_thread_detach(second);
	ct_world_end(&w);
}
END_TEST

START_TEST(hash_is_chosen_before_the_seal)
{
	struct ct_test_flow flow[2] = { ct_world_flow(1), ct_world_flow6(1) };
	uint32_t kind = (uint32_t)_i;

	ct_world_create(&w, NULL);
	ck_assert_int_eq(ct_param_set(w.tbl, "hash", CT_HASH_KINDS),
			 CT_E_RANGE);
	ck_assert_int_eq(ct_param_set(w.tbl, "hash", kind), 0);
	ct_world_attach(&w);
	ck_assert_int_eq(ct_param_set(w.tbl, "hash", !kind), CT_E_SEALED);
	ck_assert_uint_eq(w.tbl->hash.kind, kind);
	for (unsigned i = 0; i < 2; i++)
		for (enum ct_dir dir = CT_DIR_ORIG; dir < CT_DIR_MAX; dir++) {
			struct ct_pkt pkt = ct_world_udp(&w, &flow[i], dir);
			struct ct_tuple t = ct_world_tuple(&flow[i], dir);
			enum ct_dir found = CT_DIR_MAX;

			ck_assert_ptr_eq(ct_find(w.thr, &t, &found), pkt.conn);
			ck_assert_int_eq(found, dir);
		}
	ct_world_end(&w);
}
END_TEST

static int note_id(void *user, struct ct_conn *conn)
{
	uint64_t **id = user;

	*(*id)++ = ct_conn_id(w.tbl, conn);
	return 0;
}

/* The same bytes and the same packets give the same table. */
START_TEST(same_randomness_gives_the_same_table)
{
	static uint64_t ids[2][50];

	for (unsigned i = 0; i < 2; i++) {
		uint64_t *id = ids[i], cursor = 0;

		ct_world_start(&w, 30);
		ck_assert_int_eq(ct_param_set(w.tbl, "nf_conntrack_buckets", 8),
				 0);
		for (uint32_t n = 0; n < 200; n++) {
			struct ct_test_flow flow = ct_world_flow(n);

			ct_world_udp(&w, &flow, CT_DIR_ORIG);
			ct_thread_poll(w.thr, w.now_ns);
		}
		ck_assert_int_eq(ct_walk(w.thr, &cursor, NULL, note_id, &id),
				 0);
		ct_world_end(&w);
	}
	ck_assert_uint_ne(ids[0][0], 0);
	ck_assert_mem_eq(ids[0], ids[1], sizeof(ids[0]));
}
END_TEST

START_TEST(tables_know_nothing_of_each_other)
{
	struct ct_tuple t = ct_world_tuple(&ct_test_flow4, CT_DIR_ORIG);
	struct ct_world other;

	ct_world_start(&w, 100);
	ct_world_start(&other, 100);
	ct_world_udp(&w, &ct_test_flow4, CT_DIR_ORIG);
	ck_assert_int_eq(ct_param_set(other.tbl, "udp.timeout", 5), 0);
	ck_assert_ptr_nonnull(ct_find(w.thr, &t, NULL));
	ck_assert_ptr_null(ct_find(other.thr, &t, NULL));
	ct_world_wait(&w, 10 * CT_WORLD_S);
	ck_assert_ptr_nonnull(ct_find(w.thr, &t, NULL));
	ct_world_end(&other);
	ct_world_end(&w);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("table");
	TCase *tc = tcase_create("table");

	tcase_add_test(tc, defaults_are_those_of_the_recommended_profile);
	tcase_add_test(tc, profile_of_linux_has_its_defaults);
	tcase_add_test(tc, table_for_64_fits_16_kilobytes);
	tcase_add_test(tc, caller_of_an_older_header_gets_defaults);
	tcase_add_test(tc, caller_of_a_newer_header_may_want_nothing_new);
	tcase_add_test(tc, host_has_a_size_as_well);
	tcase_add_test(tc, configuration_must_make_sense);
	tcase_add_test(tc, host_brings_both_of_alloc_and_free_or_none);
	tcase_add_test(tc, largest_table_can_be_attached);
	tcase_add_test(tc, extensions_fit_a_table_or_are_refused);
	tcase_add_test(tc, limit_in_bytes_is_the_hosts);
	tcase_add_test(tc, nothing_is_destroyed_in_peace);
	tcase_add_test(tc, unsealed_table_ends_cleanly);
	tcase_add_test(tc, table_ends_with_all_that_is_in_it);
	tcase_add_test(tc, bytes_reported_are_those_that_the_host_saw);
	tcase_add_test(tc, first_attach_seals);
	tcase_add_loop_test(tc, hash_is_chosen_before_the_seal, 0,
			    CT_HASH_KINDS);
	tcase_add_test(tc, same_randomness_gives_the_same_table);
	tcase_add_test(tc, tables_know_nothing_of_each_other);
	suite_add_tcase(suite, tc);
	return suite;
}
