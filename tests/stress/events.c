/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Subscribers; see stress.h.
 *
 * Each id is remembered with what was last heard of it.  Ids are given in
 * order; the memory is a window over the latest of them.
 */
#include "stress.h"

enum { WINDOW = 1 << 20 };
enum { ALIVE = 1, ENDED = 2, STATE_BITS = 2 };

/* The connection's number, and above it its state. */
static _Atomic uint64_t lives[WINDOW];

/* A subscriber is being told of it. */
static _Atomic bool told[WINDOW];

static uint64_t life(uint64_t number, unsigned state)
{
	return number << STATE_BITS | state;
}

static void begin(_Atomic uint64_t *at, uint64_t number)
{
	uint64_t before = atomic_exchange(at, life(number, ALIVE));

	if (before >> STATE_BITS == number)
		wrong("NEW twice, or after DESTROY");
}

static void end(_Atomic uint64_t *at, uint64_t number)
{
	uint64_t before = atomic_exchange(at, life(number, ENDED));

	/* One that is very old may have left the window. */
	if (before >> STATE_BITS == number && before != life(number, ALIVE))
		wrong("DESTROY twice");
}

static void order(struct stress *s, uint64_t number, uint32_t events)
{
	_Atomic uint64_t *at = &lives[number % WINDOW];

	if (events & CT_EV_NEW) {
		begin(at, number);
		count(s, T_NEW);
	} else if (events & CT_EV_DESTROY) {
		end(at, number);
		count(s, T_DESTROY);
	} else if (atomic_load(at) == life(number, ENDED)) {
		wrong("an event after DESTROY");
	} else if (atomic_load(at) >> STATE_BITS < number) {
		wrong("an event before NEW");
	}
}

void on_event(void *user, const struct ct_event_info *ev)
{
	struct stress *s = user;
	uint64_t number = ct_conn_id(s->tbl, ev->conn) >> 32;
	char line[1024];

	count(s, T_EVENTS);
	if (ev->exp) {
		count(s, ev->events & CT_EV_EXPECT_NEW ? T_EXPECT_NEW
						       : T_EXPECT_DESTROY);
		return;
	}
	if (atomic_exchange(&told[number % WINDOW], true))
		wrong("two events of one connection at once");
	order(s, number, ev->events);
	if (number % 4 == 0 &&
	    ct_event_text(ev, CT_TEXT_EXTENDED, line, sizeof(line)) <= 0)
		wrong("an event that makes no line");
	atomic_store(&told[number % WINDOW], false);
}

void on_guest(void *user, const struct ct_event_info *ev)
{
	struct stress *s = user;

	count(s, T_EVENTS);
	ct_conn_put(s->tbl, ct_conn_get(ev->conn));
	ct_conn_mark_set(ev->thr, ev->conn, 99);
}
