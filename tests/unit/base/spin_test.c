/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lock of one byte.
 */
#include "base/spin.h"

#include "suite.h"

#include <pthread.h>

enum { THREADS = 4, ROUNDS = 20000 };

static struct ct_spin lock;
static unsigned counter; /* covered by the lock */

START_TEST(lock_is_one_byte_and_free_when_zero)
{
	struct ct_spin one = { 0 };

	ck_assert_uint_eq(sizeof(one), 1);
	ct_spin_lock(&one);
	ck_assert_uint_eq(atomic_load(&one.held), 1);
	ct_spin_unlock(&one);
	ck_assert_uint_eq(atomic_load(&one.held), 0);
}
END_TEST

static void *add(void *unused)
{
	(void)unused;
	for (unsigned i = 0; i < ROUNDS; i++) {
		ct_spin_lock(&lock);
		counter++;
		ct_spin_unlock(&lock);
	}
	return NULL;
}

START_TEST(one_holder_at_a_time)
{
	pthread_t thread[THREADS];

	for (unsigned i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, add, NULL),
				 0);
	for (unsigned i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
	ck_assert_uint_eq(counter, THREADS * ROUNDS);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("spin");
	TCase *tc = tcase_create("spin");

	tcase_add_test(tc, lock_is_one_byte_and_free_when_zero);
	tcase_add_test(tc, one_holder_at_a_time);
	suite_add_tcase(suite, tc);
	return suite;
}
