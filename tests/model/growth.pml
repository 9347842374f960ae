/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * growth.pml - the bucket table grows and shrinks beside everything else
 *
 * A model of lib/core/resize.c with those parts of bucket.c, reclaim.c and
 * conn.c that it leans on; the numbers are the rules of resize.h.  One thread
 * changes the size, one inserts, one deletes, two look up, each in any order
 * with all others.
 *
 * The table is small: up to four buckets of SLOTS, and no chains (chain.pml
 * has those).  Connection A is there from the start; B is inserted, into a unit
 * of its own or into A's, once that is free.  All tags are equal, so that every
 * entry is looked at.
 *
 * Stale reads:
 *	n, cleared and stale are written by one thread, so the values of the
 *	three make one history.  Who loads one gets any value between the
 *	latest that it has synchronised with (its view) and the present one.  A
 *	view moves by an acquire load, by taking a lock, by a poll that sees
 *	an epoch, and by being told of a connection.  A reader may use what n
 *	was at any time since its poll, as one does that looks ahead in a
 *	burst.  A copy is there for sure only for who has synchronised with
 *	what was published next.
 *
 * Steps:
 *	What a lock hides is one step, and a load of n shares a step with what
 *	follows it: it may return an old value, so nothing is lost by loading
 *	late.  Readers take no lock: each look at tags, at a reference and at a
 *	connection is a step of its own.  Their loads are acquires and happen
 *	in order, so an older slot is that of an earlier look.
 *
 * Options: CHANGES (of the size), KEYS (1 or 2 a connection), READERS, SLOTS,
 * FROM (the first n), A0 A1 B0 B1 (hash values), TOGETHER (two splits whose
 * sources lie side by side are published at once, or only the first, if there
 * is no room for the second); and the mutants, each where it drops something.
 */

#ifndef CHANGES
#define CHANGES 3
#endif
#ifndef KEYS
#define KEYS 1
#endif
#ifndef READERS
#define READERS 2
#endif
#ifndef SLOTS
#define SLOTS 2
#endif
#ifndef FROM
#define FROM 1
#endif
#ifndef A0
#define A0 3
#endif
#ifndef A1
#define A1 0
#endif
#ifndef B0
#define B0 1
#endif
#ifndef B1
#define B1 2
#endif

#define BUCKETS  4
#define VERSIONS (3 + 3 * CHANGES)
#define NONE     255 /* no split waits; no slot */
#define OFFLINE  255

/* Threads: the readers are 0 and 1. */
#define INSERTER 2
#define DELETER  3
#define THREADS  4

/* Connections, by what is in their unit; 0: nobody. */
#define A 1
#define B 2

/* What a unit is. */
#define FREE      0
#define PRIVATE   1
#define CONFIRMED 2
#define DYING     3

/* A reference: unit and direction; 0 for none. */
#define REF(u, d)    (1 + 2 * (u) + (d))
#define UNIT(r)      (((r) - 1) / 2)
#define DIR(r)       (((r) - 1) % 2)
#define HASH(c, d)   ((c) == A -> ((d) -> A1 : A0) : ((d) -> B1 : B0))
#define HASH_OF(r)   HASH(conn[UNIT(r)], DIR(r))

/* As in bucket.h, for up to seven buckets. */
#define LEVEL(i)  ((i) >= 4 -> 4 : ((i) >= 2 -> 2 : 1))
#define SOURCE(i) ((i) - LEVEL(i))
#define MASK(n)   (2 * LEVEL(n) - 1)
#define MAP(h, n) (((h) & MASK(n)) < (n) -> ((h) & MASK(n)) \
					 : ((h) & (MASK(n) / 2)))

#define MAX(a, b)  ((a) > (b) -> (a) : (b))
#define SLOT(b, s) ((b) * SLOTS + (s))

/* --- What all see ------------------------------------------------------- */

/* The history of the three words; ver is the present. */
#define N_WORD       0
#define CLEARED_WORD 1
#define STALE_WORD   2
byte history[3 * VERSIONS];
byte ver = 1;
#define AT(word, v) history[(word) * VERSIONS + (v)]
#define SIZE        AT(N_WORD, ver)
#define CLEARED     AT(CLEARED_WORD, ver)
#define STALE       AT(STALE_WORD, ver)

bit tag[BUCKETS * SLOTS];
byte ref[BUCKETS * SLOTS];
/* The view of who wrote the slot; and whether it is a copy of the resizer's. */
byte stamp[BUCKETS * SLOTS];
#define COPY    128
#define VIEW(t) ((t) & 127)
bit locked[BUCKETS];
byte lock_view[BUCKETS]; /* that of who held it last */
bit mapped[BUCKETS];     /* its memory is there */

byte state[2]; /* of a unit */
byte conn[2];  /* in it */
byte confirm_view[3];

byte epoch = 1;
byte epoch_view = 1;
byte seen[THREADS]; /* as thr->epoch */

/* What the claims are about. */
bit inserted[3];  /* the insertion has ended */
bit deleting[3];  /* its end has begun */
byte working = 3; /* resizer, inserter, deleter */

/* Used within one step only. */
hidden byte x, y, s, to, pick;

/* --- Shared steps ------------------------------------------------------- */

/* x: some version of a word that a view allows, down to where it was written */
inline choose(view, word)
{
	x = view;
	do
	:: x < ver -> x++
	:: break
	od;
	do
	:: x > view && AT(word, x) == AT(word, x - 1) -> x--
	:: else -> break
	od
}

/* Load with acquire. */
inline load(view, word, value)
{
	choose(view, word);
	value = AT(word, x);
	view = x
}

inline publish(new_n, new_cleared, new_stale)
{
	assert(ver < VERSIONS - 1);
	AT(N_WORD, ver + 1) = new_n;
	AT(CLEARED_WORD, ver + 1) = new_cleared;
	AT(STALE_WORD, ver + 1) = new_stale;
	ver++
}

#define PASSED(e) (seen[0] >= (e) && seen[1] >= (e) && seen[2] >= (e) && \
		   seen[3] >= (e))

inline epoch_begin(view)
{
	epoch++;
	epoch_view = MAX(epoch_view, view)
}

inline poll(me, view)
{
	seen[me] = epoch;
	view = MAX(view, epoch_view)
}

inline lock(b, view)
{
	assert(mapped[b]); /* (7) */
	!locked[b] -> locked[b] = 1;
	view = MAX(view, lock_view[b])
}

inline unlock(b, view)
{
	lock_view[b] = view;
	locked[b] = 0
}

/* A free slot of bucket b other than a taken one; slot = SLOTS: none. */
inline slot_get(b, taken, slot)
{
	d_step {
		slot = 0;
		do
		:: slot < SLOTS &&
		   (tag[SLOT(b, slot)] || SLOT(b, slot) == taken) ->
			slot++
		:: else -> break
		od
	}
}

inline slot_clear(at, when)
{
	tag[at] = 0;
	ref[at] = 0;
	stamp[at] = when
}

#include "growth_resizer.pml"
#include "growth_writers.pml"
#include "growth_reader.pml"

/* --- Start and end ------------------------------------------------------ */

inline start(hash, d)
{
	x = MAP(hash, FROM);
	slot_get(x, NONE, to);
	tag[SLOT(x, to)] = 1;
	ref[SLOT(x, to)] = REF(0, d)
}

/* Everything is in its place once, and nothing else is there. */
inline check_end()
{
	x = 0; /* slots found */
	s = 0;
	do
	:: s < BUCKETS * SLOTS ->
		assert(tag[s] == (ref[s] != 0));
		if
		:: tag[s] ->
			x++;
			assert(state[UNIT(ref[s])] == CONFIRMED);
			assert(s / SLOTS == MAP(HASH_OF(ref[s]), SIZE));
			y = s + 1;
			do
			:: y < BUCKETS * SLOTS ->
				assert(ref[y] != ref[s]);
				y++
			:: else -> break
			od
		:: else
		fi;
		s++
	:: else -> break
	od;
	assert(x == KEYS * ((state[0] == CONFIRMED) + (state[1] == CONFIRMED)))
}

init
{
	atomic {
		SIZE = FROM;
		CLEARED = NONE;
		s = 0;
		do
		:: s < FROM -> mapped[s] = 1; s++
		:: else -> break
		od;
		state[0] = CONFIRMED;
		conn[0] = A;
		confirm_view[A] = 1;
		inserted[A] = 1;
		start(A0, 0);
#if KEYS == 2
		start(A1, 1);
#endif
		s = 0;
		do
		:: s < THREADS -> seen[s] = OFFLINE; s++
		:: else -> break
		od;
		s = 0;
		seen[0] = 1;
		run reader(0);
#if READERS == 2
		seen[1] = 1;
		run reader(1);
#endif
		run resizer();
		run inserter();
		run deleter()
	};
	atomic { !working -> check_end() }
}
