/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Static mappings: asked for by somebody, with a lifetime.
 */
#include "core/table.h"
#include "natlog.h"
#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

enum { MAX_CONNS = 8192, UDP = 17 };

static struct ct_world w;

static void setup(void)
{
	ct_natlog_open();
	ct_world_start(&w, MAX_CONNS);
}

static void teardown(void)
{
	ct_world_clear(&w);
	ct_world_end(&w);
}

/* --- Static mappings ---------------------------------------------------- */

static struct ct_nat_static forward(unsigned host, uint16_t port)
{
	return (struct ct_nat_static){ .size = sizeof(struct ct_nat_static),
				       .inside = ct_pool_inside(host),
				       .inside_id = htons(port),
				       .l4 = UDP };
}

/* Somebody outside sends to an external endpoint. */
static int reach(struct ct_nat_pool *pool, const struct ct_nat_static *map,
		 uint8_t from)
{
	struct ct_test_flow out = ct_pool_client(1, ntohs(map->outside_id));

	memcpy(out.src, &map->outside, 4);
	out = ct_pool_server(out, from, 999);
	return ct_pool_in(&w, &out, pool);
}

START_TEST(a_static_mapping_is_reached_and_lives_for_its_time)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	struct ct_nat_static map = forward(7, 8080);
	struct ct_test_flow to;
	struct ct_nat_pool *pool;

	cfg.filtering = CT_NAT_ON_ADDRESS_PORT;
	pool = ct_pool_new(&w, &cfg, 2);
	map.lifetime_s = 600;
	map.outside = ct_pool_addr(2);
	map.outside_id = htons(9000);
	ck_assert_int_eq(ct_nat_static_add(w.thr, pool, &map), 0);
	ck_assert_int_eq(reach(pool, &map, 1), 0);
	to = ct_pool_flow(&w.p);
	ck_assert_mem_eq(to.dst, &map.inside, 4);
	ck_assert_uint_eq(to.dport, 8080);
	/* The endpoint's own connections leave from it. */
	to = ct_pool_client(7, 8080);
	ck_assert_uint_eq(ct_pool_out(&w, &to, pool).sport, 9000);

	ct_world_wait(&w, 599 * CT_WORLD_S);
	ck_assert_int_eq(reach(pool, &map, 2), 0);
	ct_world_wait(&w, 2 * CT_WORLD_S);
	ck_assert_int_eq(reach(pool, &map, 3), CT_E_REFUSED);
	ct_world_wait(&w, 40 * CT_WORLD_S);
	ct_world_settle(&w);
	ck_assert_int_eq(reach(pool, &map, 4), CT_E_NOENT);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_MAPPING), 1);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_MAPPING_END), 1);
}
END_TEST

START_TEST(a_static_mapping_is_renewed_and_deleted)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	struct ct_nat_static map = forward(7, 8080), again;
	struct ct_nat_pool *pool;

	pool = ct_pool_new(&w, &cfg, 2);
	map.lifetime_s = 10;
	ck_assert_int_eq(ct_nat_static_add(w.thr, pool, &map), 0);
	ck_assert_uint_ne(map.outside_id, 0);
	for (unsigned i = 0; i < 5; i++) {
		ct_world_wait(&w, 9 * CT_WORLD_S);
		again = forward(7, 8080);
		again.lifetime_s = 10;
		ck_assert_int_eq(ct_nat_static_add(w.thr, pool, &again), 0);
		ck_assert_uint_eq(again.outside_id, map.outside_id);
		ck_assert_uint_eq(again.outside.v4, map.outside.v4);
	}
	ck_assert_int_eq(reach(pool, &map, 1), 0);
	ck_assert_int_eq(ct_nat_static_delete(w.thr, pool, &map), 0);
	ck_assert_int_eq(ct_nat_static_delete(w.thr, pool, &map), CT_E_NOENT);
}
END_TEST

START_TEST(two_endpoints_never_have_one_external_endpoint)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	struct ct_nat_static map = forward(7, 8080), other = forward(8, 80);
	struct ct_nat_static moved;
	struct ct_nat_pool *pool;

	pool = ct_pool_new(&w, &cfg, 1);
	map.outside_id = htons(9000);
	ck_assert_int_eq(ct_nat_static_add(w.thr, pool, &map), 0);
	other.outside_id = htons(9000);
	ck_assert_int_eq(ct_nat_static_add(w.thr, pool, &other), CT_E_EXIST);
	moved = forward(7, 8080);
	moved.outside_id = htons(9001);
	ck_assert_int_eq(ct_nat_static_add(w.thr, pool, &moved), CT_E_EXIST);
	other.outside_id = htons(80);
	ck_assert_int_eq(ct_nat_static_add(w.thr, pool, &other), CT_E_INVAL);
	other = forward(8, 80);
	other.outside = ct_pool_addr(9);
	ck_assert_int_eq(ct_nat_static_add(w.thr, pool, &other), CT_E_NOENT);
	other = forward(8, 80);
	other.l4 = 1;
	ck_assert_int_eq(ct_nat_static_add(w.thr, pool, &other), CT_E_INVAL);
	/* What is in use by a connection becomes static as it is. */
	{
		struct ct_test_flow flow = ct_pool_client(9, 5);
		uint16_t id = ct_pool_out(&w, &flow, pool).sport;

		other = forward(9, 5);
		ck_assert_int_eq(ct_nat_static_add(w.thr, pool, &other), 0);
		ck_assert_uint_eq(ntohs(other.outside_id), id);
	}
}
END_TEST

static int sum_up(void *user, const struct ct_nat_static *map)
{
	unsigned *sum = user;

	*sum += map->lifetime_s;
	return 0;
}

START_TEST(static_mappings_are_walked)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	struct ct_nat_pool *pool;
	unsigned sum = 0;

	pool = ct_pool_new(&w, &cfg, 1);
	for (unsigned i = 1; i <= 4; i++) {
		struct ct_nat_static map = forward(i, 80);

		map.lifetime_s = 100 * i;
		ck_assert_int_eq(ct_nat_static_add(w.thr, pool, &map), 0);
	}
	ct_world_wait(&w, 50 * CT_WORLD_S);
	ck_assert_int_eq(ct_nat_static_walk(w.thr, pool, sum_up, &sum), 0);
	ck_assert_uint_eq(sum, 1000 - 4 * 50);
	ct_world_wait(&w, 200 * CT_WORLD_S);
	sum = 0;
	ck_assert_int_eq(ct_nat_static_walk(w.thr, pool, sum_up, &sum), 0);
	ck_assert_uint_eq(sum, 50 + 150);
	ck_assert_uint_eq(ct_pool_gauge(pool, 1, UDP).mappings, 2);
}
END_TEST

START_TEST(a_static_mapping_goes_with_its_address)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	struct ct_nat_static map = forward(7, 8080);
	union ct_addr one = ct_pool_addr(1);
	struct ct_nat_pool *pool;

	pool = ct_pool_new(&w, &cfg, 1);
	ck_assert_int_eq(ct_nat_static_add(w.thr, pool, &map), 0);
	ck_assert_int_eq(reach(pool, &map, 1), 0);
	ck_assert_int_eq(ct_nat_pool_remove(w.thr, pool, &one), 1);
	ct_world_settle(&w);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_MAPPING_END), 1);
	ck_assert_int_eq(ct_nat_static_delete(w.thr, pool, &map), CT_E_NOENT);
}
END_TEST

/* The host's own sockets, of every address. */
static bool is_used(void *user, uint8_t l4, const union ct_addr *addr,
		    uint16_t id)
{
	(void)user;
	(void)addr;
	return l4 == UDP && id != 5002;
}

START_TEST(a_static_mapping_takes_no_port_that_the_host_uses)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	struct ct_nat_static map = forward(7, 8080), other = forward(8, 80);
	struct ct_nat_pool *pool;

	cfg.min_id = 5000;
	cfg.max_id = 5003;
	cfg.port_in_use = is_used;
	pool = ct_pool_new(&w, &cfg, 1);
	map.outside_id = htons(5001);
	ck_assert_int_eq(ct_nat_static_add(w.thr, pool, &map), CT_E_EXIST);
	map.outside_id = 0;
	ck_assert_int_eq(ct_nat_static_add(w.thr, pool, &map), 0);
	ck_assert_uint_eq(ntohs(map.outside_id), 5002);
	ck_assert_int_eq(ct_nat_static_add(w.thr, pool, &other), CT_E_FULL);
	ck_assert_uint_eq(ct_pool_gauge(pool, 1, UDP).free, 3);
}
END_TEST

/* All but one of each block. */
static bool is_used_of_four(void *user, uint8_t l4, const union ct_addr *addr,
			    uint16_t id)
{
	(void)user;
	(void)addr;
	return l4 == UDP && id % 4 != 2;
}

START_TEST(a_static_mapping_is_of_its_subscribers_block)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	struct ct_nat_static map = forward(7, 8080), other = forward(8, 80);
	struct ct_nat_static more = forward(7, 8081);
	struct ct_nat_pool *pool;

	cfg.min_id = 5000;
	cfg.max_id = 5007;
	cfg.block_ids = 4;
	cfg.max_blocks = 1;
	cfg.port_in_use = is_used_of_four;
	pool = ct_pool_new(&w, &cfg, 1);
	ck_assert_int_eq(ct_nat_static_add(w.thr, pool, &map), 0);
	ck_assert_int_eq(ct_nat_static_add(w.thr, pool, &more), CT_E_FULL);
	ck_assert_int_eq(ct_nat_static_add(w.thr, pool, &other), 0);
	ck_assert_uint_eq(ntohs(map.outside_id) % 4, 2);
	ck_assert_uint_eq(ntohs(other.outside_id) % 4, 2);
	ck_assert_uint_ne(map.outside_id, other.outside_id);
}
END_TEST

START_TEST(a_port_is_held_for_its_host_only)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	struct ct_nat_static map = forward(7, 8080), other = forward(8, 80);
	struct ct_nat_pool *pool;

	cfg.hold_s = 120;
	pool = ct_pool_new(&w, &cfg, 1);
	map.outside_id = htons(5000);
	ck_assert_int_eq(ct_nat_static_add(w.thr, pool, &map), 0);
	ck_assert_int_eq(ct_nat_static_delete(w.thr, pool, &map), 0);
	ck_assert_uint_eq(ct_pool_gauge(pool, 1, UDP).held, 1);
	other.outside_id = htons(5000);
	ck_assert_int_eq(ct_nat_static_add(w.thr, pool, &other), CT_E_EXIST);
	/* Another port of the same host. */
	map = forward(7, 8081);
	map.outside_id = htons(5000);
	ck_assert_int_eq(ct_nat_static_add(w.thr, pool, &map), 0);
	ck_assert_uint_eq(ct_pool_gauge(pool, 1, UDP).held, 0);
	ck_assert_int_eq(reach(pool, &map, 1), 0);
	ck_assert_int_eq(ct_nat_static_add(w.thr, pool, &other), CT_E_EXIST);
	ck_assert_int_eq(ct_nat_static_delete(w.thr, pool, &map), 0);
	ct_flush(w.thr, NULL);
	ct_world_settle(&w);
	ct_world_wait(&w, 161 * CT_WORLD_S);
	ck_assert_int_eq(ct_nat_static_add(w.thr, pool, &other), 0);
}
END_TEST

/* --- Two at once -------------------------------------------------------- */

/* What another handle does while the first one is told or asked. */
enum meanwhile { BEFORE_IT_IS_MADE, BEFORE_IT_IS_LISTED, MADE_AND_ENDED };

static struct {
	struct ct_thread *thr; /* NULL: has done it */
	struct ct_nat_pool *pool;
	enum meanwhile what;
} rival;

static void step_in(enum meanwhile at)
{
	struct ct_nat_static map = forward(7, 8080);
	struct ct_thread *thr = rival.thr;

	if (!thr ||
	    (at == BEFORE_IT_IS_MADE) != (rival.what == BEFORE_IT_IS_MADE))
		return;
	rival.thr = NULL;
	map.lifetime_s = 100;
	ck_assert_int_eq(ct_nat_static_add(thr, rival.pool, &map), 0);
	if (rival.what == MADE_AND_ENDED)
		ck_assert_int_eq(ct_nat_static_delete(thr, rival.pool, &map),
				 0);
}

static bool step_in_when_asked(void *user, uint8_t l4,
			       const union ct_addr *addr, uint16_t id)
{
	(void)user;
	(void)l4;
	(void)addr;
	(void)id;
	step_in(BEFORE_IT_IS_MADE);
	return false;
}

static void step_in_when_told(void *user, const struct ct_nat_event *ev)
{
	ct_natlog_note(user, ev);
	if (ev->kind == CT_NAT_EV_MAPPING)
		step_in(BEFORE_IT_IS_LISTED);
}

START_TEST(two_that_ask_at_once_share_one_entry)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	struct ct_nat_static map = forward(7, 8080);
	struct ct_thread *second;
	unsigned sum = 0;

	cfg.port_in_use = step_in_when_asked;
	cfg.event = step_in_when_told;
	rival.pool = ct_pool_new(&w, &cfg, 1);
	rival.what = (enum meanwhile)_i;
	ck_assert_int_eq(ct_thread_attach(w.tbl, &second), 0);
	ct_thread_poll(second, w.now_ns);
	rival.thr = second;
	map.lifetime_s = 100;
	ck_assert_int_eq(ct_nat_static_add(w.thr, rival.pool, &map), 0);
	ck_assert_ptr_null(rival.thr);
	ck_assert_int_eq(reach(rival.pool, &map, 1), 0);
	ck_assert_int_eq(ct_nat_static_walk(w.thr, rival.pool, sum_up, &sum),
			 0);
	ck_assert_uint_eq(sum, 100);
	ck_assert_uint_eq(ct_pool_gauge(rival.pool, 1, UDP).mappings, 1);
	ck_assert_int_eq(ct_nat_static_delete(w.thr, rival.pool, &map), 0);
	ck_assert_int_eq(ct_nat_static_delete(w.thr, rival.pool, &map),
			 CT_E_NOENT);
	ct_thread_detach(second);
	ct_world_clear(&w);
	ck_assert_uint_eq(ct_pool_gauge(rival.pool, 1, UDP).mappings, 0);
}
END_TEST

START_TEST(a_sleeping_host_wakes_to_end_it)
{
	struct ct_nat_pool_config cfg = ct_natlog_config();
	struct ct_nat_static map = forward(7, 8080), other = forward(8, 80);
	struct ct_nat_pool *pool;

	pool = ct_pool_new(&w, &cfg, 1);
	ck_assert_int_eq(ct_nat_static_add(w.thr, pool, &map), 0);
	ck_assert_uint_eq(ct_next_expiry(w.tbl), UINT64_MAX); /* for ever */
	other.lifetime_s = 10;
	ck_assert_int_eq(ct_nat_static_add(w.thr, pool, &other), 0);
	ck_assert_uint_eq(ct_next_expiry(w.tbl), w.now_ns + 10 * CT_WORLD_S);
	w.now_ns = ct_next_expiry(w.tbl);
	ct_thread_poll(w.thr, w.now_ns);
	ck_assert_uint_eq(ct_natlog_count(CT_NAT_EV_MAPPING_END), 1);
	ck_assert_uint_eq(ct_next_expiry(w.tbl), UINT64_MAX);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("cgn static flow");
	TCase *tc = tcase_create("cgn static");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_static_mapping_is_reached_and_lives_for_its_time);
	tcase_add_test(tc, a_static_mapping_is_renewed_and_deleted);
	tcase_add_test(tc, two_endpoints_never_have_one_external_endpoint);
	tcase_add_test(tc, static_mappings_are_walked);
	tcase_add_test(tc, a_static_mapping_goes_with_its_address);
	tcase_add_test(tc, a_static_mapping_takes_no_port_that_the_host_uses);
	tcase_add_test(tc, a_static_mapping_is_of_its_subscribers_block);
	tcase_add_test(tc, a_port_is_held_for_its_host_only);
	tcase_add_loop_test(tc, two_that_ask_at_once_share_one_entry, 0, 3);
	tcase_add_test(tc, a_sleeping_host_wakes_to_end_it);
	suite_add_tcase(suite, tc);
	return suite;
}
