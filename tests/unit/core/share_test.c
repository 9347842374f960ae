/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much of the table a source holds: what is said of the error and of the
 * half-life holds, and threads see what others saw.
 */
#include "core/share.h"

#include "core/table.h"
#include "suite.h"
#include "world.h"

#include <math.h>
#include <pthread.h>

enum { HALF = CT_SHARE_MAX / 2, THREADS = 4, LARGE = 1 };

static struct ct_world w;
static uint64_t dice;

static void setup(void)
{
	ct_world_create(&w, NULL);
	ct_world_attach(&w);
	dice = 0;
}

static void teardown(void)
{
	ct_world_end(&w);
}

/* Samples of a table of which one source holds so many thousandths, others
 * nothing worth mentioning. */
static void sample(struct ct_thread *thr, uint32_t n, uint32_t thousandths)
{
	for (; n; n--) {
		uint64_t other = ++dice + 1000000;

		ct_share_sample(thr, ct_world_key(other) % 1000 < thousandths
					     ? ct_world_key(LARGE)
					     : ct_world_key(2 * other));
	}
}

static double part(void)
{
	return (double)ct_share_of(w.tbl, ct_world_key(LARGE)) / UINT16_MAX;
}

START_TEST(what_one_thread_saw_another_knows)
{
	struct ct_thread *other;

	ck_assert_int_eq(ct_thread_attach(w.tbl, &other), 0);
	sample(other, 2000, 250);
	ck_assert(ct_share_much(w.thr->tbl, ct_world_key(LARGE)));
	/* It has counted nothing yet, and sees that this one is large. */
	ck_assert(ct_share_sample(w.thr, ct_world_key(LARGE)));
	ck_assert(!ct_share_sample(w.thr, ct_world_key(2)));
	ct_thread_detach(other);
	/* Who has left is not forgotten. */
	ck_assert(ct_share_much(w.tbl, ct_world_key(LARGE)));
}
END_TEST

START_TEST(samples_of_all_threads_are_one_picture)
{
	struct ct_thread *other;

	ck_assert_int_eq(ct_thread_attach(w.tbl, &other), 0);
	/* Each of them sees another part of the truth. */
	for (unsigned i = 0; i < 64; i++) {
		sample(w.thr, 64, 400);
		sample(other, 64, 0);
	}
	ck_assert(fabs(part() - 0.2) < 3 * 0.0064);
	ct_thread_detach(other);
}
END_TEST

START_TEST(few_samples_tell_nothing)
{
	ck_assert_uint_eq(ct_share_of(w.tbl, ct_world_key(LARGE)), 0);
	sample(w.thr, 63, 1000);
	ck_assert_uint_eq(ct_share_of(w.tbl, ct_world_key(LARGE)), 0);
	ck_assert(!ct_share_much(w.tbl, ct_world_key(LARGE)));
	sample(w.thr, 1, 1000);
	ck_assert_uint_eq(ct_share_of(w.tbl, ct_world_key(LARGE)), UINT16_MAX);
	ck_assert(ct_share_much(w.tbl, ct_world_key(LARGE)));
}
END_TEST

/* Too high by how much on the average, and how far from that. */
static void error_of(uint32_t thousandths, double *bias, double *error)
{
	enum { TIMES = 400 };
	double sum = 0, squares = 0;

	sample(w.thr, 10 * CT_SHARE_MAX, thousandths);
	for (unsigned i = 0; i < TIMES; i++) {
		double off;

		/* At each stage between two halvings alike. */
		sample(w.thr, 8 * HALF + 7 * CT_SHARE_BATCH, thousandths);
		off = part() - thousandths / 1000.0;
		sum += off;
		squares += off * off;
	}
	*bias = sum / TIMES;
	*error = sqrt(squares / TIMES - *bias * *bias);
}

START_TEST(the_error_is_what_is_said_of_it)
{
	static const uint32_t thousandths[] = { 62, 500, 0 };
	double p = thousandths[_i] / 1000.0, bias, error;

	error_of(thousandths[_i], &bias, &error);
	ck_assert(bias > -0.001 && bias < 1.0 / CT_SHARE_COLS);
	/* What others' samples add has an error, too. */
	ck_assert(error < 1.1 * sqrt(p * (1 - p) / 6144) + 0.0005);
	if (p > 0)
		ck_assert(error > 0.9 * sqrt(p * (1 - p) / 6144));
}
END_TEST

START_TEST(a_share_is_halved_by_as_many_samples_as_is_said)
{
	double before;

	sample(w.thr, 10 * CT_SHARE_MAX, 500);
	before = part();
	for (unsigned i = 1; i <= 3; i++) {
		sample(w.thr, HALF, 0);
		ck_assert(fabs(part() - before / (1 << i)) < 0.02);
	}
	sample(w.thr, HALF, 0);
	/* Half of a table once, less than a sixteenth now. */
	ck_assert(!ct_share_much(w.tbl, ct_world_key(LARGE)));
}
END_TEST

static void *sample_some(void *user)
{
	struct ct_thread *thr;

	(void)user;
	ck_assert_int_eq(ct_thread_attach(w.tbl, &thr), 0);
	for (uint64_t i = 0; i < HALF / THREADS; i++)
		ct_share_sample(thr, ct_world_key(i % 8 ? 1000 + i : LARGE));
	ct_thread_detach(thr);
	return NULL;
}

static uint32_t sum_of(const struct ct_share *share, unsigned row)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < CT_SHARE_COLS; i++)
		sum += atomic_load(&share->count[row][i]);
	return sum;
}

/* A batch is lost as a whole or not at all. */
START_TEST(threads_add_at_once)
{
	pthread_t threads[THREADS];
	const struct ct_share *share;
	uint32_t n;

	for (unsigned i = 0; i < THREADS; i++)
		ck_assert_int_eq(
			pthread_create(&threads[i], NULL, sample_some, NULL),
			0);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	share = atomic_load(&w.tbl->share);
	n = atomic_load(&share->n);
	ck_assert_uint_ge(n, HALF / THREADS);
	ck_assert_uint_le(n, HALF);
	for (unsigned row = 0; row < CT_SHARE_ROWS; row++)
		ck_assert_uint_eq(sum_of(share, row), n);
	ck_assert(ct_share_much(w.tbl, ct_world_key(LARGE)));
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("share");
	TCase *tcase = tcase_create("share");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, what_one_thread_saw_another_knows);
	tcase_add_test(tcase, samples_of_all_threads_are_one_picture);
	tcase_add_test(tcase, few_samples_tell_nothing);
	tcase_add_loop_test(tcase, the_error_is_what_is_said_of_it, 0, 3);
	tcase_add_test(tcase, a_share_is_halved_by_as_many_samples_as_is_said);
	tcase_add_test(tcase, threads_add_at_once);
	suite_add_tcase(suite, tcase);
	return suite;
}
