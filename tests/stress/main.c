/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stress [SECONDS [THREADS [SEED]]]: threads on one table; see stress.h.
 */
#include "stress.h"

#include "audit.h"
#include <conntrack/overflow.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* So much time passes at each poll: connections live for some hundred. */
#define STEP_NS 10000000u

enum { PER_POLL = 16 };

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

void wrong(const char *sentence)
{
	fprintf(stderr, "wrong: %s\n", sentence);
	abort();
}

/* xorshift64* */
uint32_t random_below(struct worker *w, uint32_t n)
{
	w->random ^= w->random >> 12;
	w->random ^= w->random << 25;
	w->random ^= w->random >> 27;
	return (uint32_t)((w->random * 0x2545f4914f6cdd1du) >> 32) % n;
}

void count(struct stress *s, enum tally what)
{
	atomic_fetch_add_explicit(&s->tally[what], 1, memory_order_relaxed);
}

void worker_poll(struct worker *w)
{
	ct_thread_poll(w->thr, atomic_fetch_add(&w->s->now_ns, STEP_NS));
}

static void *work(void *arg)
{
	struct worker *w = arg;

	if (ct_thread_attach(w->s->tbl, &w->thr))
		wrong("cannot attach");
	while (!atomic_load_explicit(&w->s->stop, memory_order_relaxed)) {
		worker_poll(w);
		w->s->play(w);
	}
	ct_thread_detach(w->thr);
	return NULL;
}

static void play_open(struct worker *w)
{
	if (w->bursts)
		converse_in_bursts(w);
	else
		for (unsigned i = 0; i < PER_POLL; i++)
			converse(w);
	be_wild(w);
}

static void play_siege(struct worker *w)
{
	for (unsigned i = random_below(w, PER_POLL / 4); i; i--)
		besiege(w);
}

/* --- Beginning ---------------------------------------------------------- */

static void *take(void *user, size_t size, size_t align)
{
	struct stress *s = user;
	void *ptr;

	if (align < sizeof(void *))
		align = sizeof(void *);
	if (posix_memalign(&ptr, align, size))
		return NULL;
	atomic_fetch_add(&s->blocks, 1);
	atomic_fetch_add(&s->bytes, size);
	return ptr;
}

static void give(void *user, void *ptr, size_t size)
{
	struct stress *s = user;

	atomic_fetch_sub(&s->blocks, 1);
	atomic_fetch_sub(&s->bytes, size);
	free(ptr);
}

static void set(struct stress *s, const char *name, uint64_t value)
{
	if (ct_param_set(s->tbl, name, value)) {
		fprintf(stderr, "%s\n", name);
		wrong("no such parameter");
	}
}

static void begin(struct stress *s)
{
	struct ct_config cfg = { .size = sizeof(cfg),
				 .max_conns = s->max_conns };
	struct ct_host host = {
		.size = sizeof(host),
		.user = s,
		.alloc = take,
		.free = give,
	};

	cfg.host = &host;
	if (ct_table_create(&cfg, &s->tbl))
		wrong("no table");
	set(s, "acct", 1);
	set(s, "timestamp", 1);
	/* What is not found shall not be opened from the middle. */
	set(s, "tcp.loose", 0);
	/* Shortly before the internal clock wraps. */
	atomic_store(&s->now_ns, (uint64_t)UINT32_MAX * STEP_NS - 20000000000u);
}

/* A pool of one address. */
static const union ct_addr pool_address = { .bytes = { 0x22, 1, 1, 1 } };

static void begin_pool(struct stress *s, uint8_t l3, struct ct_nat_pool **pool)
{
	struct ct_nat_pool_config cfg = { .size = sizeof(cfg), .l3 = l3 };

	if (ct_nat_pool_create(s->tbl, &cfg, pool) ||
	    ct_nat_pool_add(*pool, &pool_address, NULL))
		wrong("no pool");
}

static void begin_open(struct stress *s)
{
	struct ct_sub *sub;

	s->max_conns = MAX_CONNS;
	s->play = play_open;
	begin(s);
	set(s, "tcp.timeout.established", 5);
	set(s, "tcp.timeout.syn_recv", 5);
	set(s, "udp.timeout", 2);
	set(s, "udp.timeout.stream", 2);
	begin_pool(s, CT_L3_IPV4, &s->pool[0]);
	begin_pool(s, CT_L3_IPV6, &s->pool[1]);
	announce_begin(s);
	if (ct_subscribe(s->tbl, (uint32_t)CT_EV_ALL | CT_EV_EXPECT, on_event,
			 s, &sub))
		wrong("no subscription");
}

static void begin_siege(struct stress *s)
{
	s->max_conns = RESIDENTS;
	s->play = play_siege;
	begin(s);
	/* Residents are assured, and stay. */
	set(s, "overflow.policy", CT_OVERFLOW_LINUX);
	/* So few that one newcomer meets all who may go. */
	set(s, "overflow.linux_buckets", 8);
}

/* --- End ---------------------------------------------------------------- */

static void give_back(struct stress *s)
{
	for (unsigned i = 0; i < SHELF; i++)
		ct_conn_put(s->tbl, atomic_load(&s->shelf[i]));
	for (unsigned i = 0; i < FLOWS; i++) {
		struct conversation *flow = &s->flows[i];

		ct_conn_put(s->tbl, flow->conn);
		if (atomic_load(&flow->step) == 1) /* held */
			ct_conn_put(s->tbl, flow->held.conn);
	}
}

static void expect_sound(struct stress *s)
{
	const char *sentence = ct_table_check(s->tbl);

	if (sentence)
		wrong(sentence);
}

/* The pools have got everything back. */
static void expect_unmapped(const struct stress *s)
{
	static const uint8_t l4[] = { 1, 6, 17, 58 };

	for (unsigned i = 0; i < 2 * sizeof(l4); i++) {
		struct ct_nat_gauge gauge = { .size = sizeof(gauge) };

		if (!s->pool[i % 2])
			continue;
		if (ct_nat_pool_gauge(s->pool[i % 2], &pool_address, l4[i / 2],
				      &gauge))
			wrong("no gauge");
		if (gauge.mappings)
			wrong("a mapping is left without a connection");
	}
}

static void expect_empty(struct stress *s)
{
	struct ct_stats stats = { .size = sizeof(stats) };

	if (ct_stats(s->tbl, &stats))
		wrong("no numbers");
	if (stats.conns)
		wrong("connections are left after a flush");
	expect_unmapped(s);
	if (stats.bytes != atomic_load(&s->bytes))
		wrong("the table's count of its bytes is wrong");
	if (atomic_load(&s->tally[T_NEW]) != atomic_load(&s->tally[T_DESTROY]))
		wrong("not every NEW has its DESTROY");
	if (atomic_load(&s->tally[T_EXPECT_NEW]) !=
	    atomic_load(&s->tally[T_EXPECT_DESTROY]))
		wrong("not every EXPECT_NEW has its EXPECT_DESTROY");
}

/* No place was lost: the table takes as many as it says. */
static void fill(struct worker *w)
{
	struct ct_test_flow ends = ct_test_flow4;
	struct ct_test_packet p;
	struct ct_pkt pkt;

	for (unsigned i = 0; i < w->s->max_conns; i++) {
		ends.sport = (uint16_t)i;
		ct_test_udp(&p, &ends, CT_DIR_ORIG, 0);
		pkt = ct_test_pkt(&p);
		if (ct_process(w->thr, &pkt, CT_HOOK_OUTPUT) != CT_ACCEPT ||
		    ct_confirm(w->thr, &pkt) != CT_ACCEPT)
			wrong("the table is not what it was");
	}
	ct_flush(w->thr, NULL);
	for (unsigned i = 0; i < 4; i++)
		worker_poll(w);
}

static void end(struct stress *s)
{
	struct worker w = { .s = s, .random = 1 };

	expect_sound(s);
	give_back(s);
	if (ct_thread_attach(s->tbl, &w.thr))
		wrong("cannot attach");
	worker_poll(&w);
	siege_end(&w);
	ct_flush(w.thr, NULL);
	ct_maintain(s->tbl, atomic_load(&s->now_ns), 0);
	for (unsigned i = 0; i < 4; i++)
		worker_poll(&w);
	expect_empty(s);
	fill(&w);
	expect_empty(s);
	expect_sound(s);
	ct_thread_detach(w.thr);
	ct_table_destroy(s->tbl);
	if (atomic_load(&s->blocks))
		wrong("memory is left behind");
}

static void report(const struct stress *acts, unsigned n_acts)
{
	static const char *const names[T_MAX] = {
		[T_PACKETS] = "packets",
		[T_CONVERSATIONS] = "conversations",
		[T_CUT] = "cut off",
		[T_HELD] = "held",
		[T_NEW] = "NEW",
		[T_DESTROY] = "DESTROY",
		[T_EVENTS] = "events",
		[T_WILD] = "wild",
		[T_BURSTS] = "bursts",
		[T_PAIRS] = "pairs",
		[T_FOUND] = "looked up",
		[T_MET] = "residents met",
		[T_EXPECTED] = "expected",
		[T_EXPECT_NEW] = "EXPECT_NEW",
		[T_EXPECT_DESTROY] = "EXPECT_DESTROY",
		[T_REFUSED] = "refused",
		[T_REPLACED] = "replaced",
	};

	for (unsigned i = 0; i < T_MAX; i++) {
		uint64_t n = 0;

		for (unsigned act = 0; act < n_acts; act++)
			n += atomic_load(&acts[act].tally[i]);
		printf("%s %llu\n", names[i], (unsigned long long)n);
		/* What never happened was not tested. */
		if (!n)
			wrong(names[i]);
	}
}

/* --- Acts --------------------------------------------------------------- */

/* One and two of four, so that a burst is answered by either kind. */
static bool in_bursts(unsigned number)
{
	return number % 4 == 1 || number % 4 == 2;
}

static void act(struct stress *s, unsigned n, unsigned seed, unsigned ms)
{
	struct worker workers[THREADS_MAX];
	pthread_t threads[THREADS_MAX];

	for (unsigned i = 0; i < n; i++) {
		workers[i] = (struct worker){ .s = s,
					      .number = i,
					      .bursts = in_bursts(i) };
		workers[i].random =
			(seed * 31ull + i) * 0x9e3779b97f4a7c15u | 1;
		if (pthread_create(&threads[i], NULL, work, &workers[i]))
			wrong("no thread");
	}
	for (uint64_t until = now_ms() + ms; now_ms() < until; usleep(1000))
		ct_maintain(s->tbl, atomic_load(&s->now_ns), 100);
	atomic_store(&s->stop, true);
	for (unsigned i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	end(s);
}

/* => The n-th argument as a number, if there is one. */
static unsigned argument(int argc, char **argv, int n, unsigned otherwise)
{
	return n < argc ? (unsigned)strtoul(argv[n], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
	static struct stress acts[2];
	unsigned ms = argument(argc, argv, 1, 6) * 1000;
	unsigned n = argument(argc, argv, 2, 4);
	unsigned seed = argument(argc, argv, 3, 1);

	if (n < 2 || n > THREADS_MAX)
		wrong("from 2 to 16 threads");
	begin_open(&acts[0]);
	act(&acts[0], n, seed, ms / 4 * 3);
	begin_siege(&acts[1]);
	act(&acts[1], n, seed, ms / 4);
	report(acts, 2);
	return EXIT_SUCCESS;
}
