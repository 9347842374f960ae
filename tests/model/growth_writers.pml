/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * growth_writers.pml - the inserter and the deleter; part of growth.pml
 *
 * As ct_buckets_publish() and ct_buckets_remove() in lib/core/bucket.c.
 */

/* --- The inserter ------------------------------------------------------- */

/* The bucket of a hash value, locked, and still the right one (3). */
inline lock_home(hash, view, home)
{
	do
	:: atomic {
		load(view, N_WORD, y);
		home = MAP(hash, y);
		lock(home, view);
		load(view, N_WORD, y);
		if
		:: MAP(hash, y) == home -> break
#ifdef NO_RECHECK
		:: else -> break
#else
		:: else -> unlock(home, view)
#endif
		fi
	   }
	od
}

/* Both at once, in order; they may be one. */
inline lock_homes(view)
{
	do
	:: atomic {
		load(view, N_WORD, y);
		home = MAP(B0, y);
		home1 = MAP(B1, y);
		at = (home < home1 -> home : home1);
		lock(at, view)
	   };
	   atomic {
		if
		:: home != home1 ->
			at = (home < home1 -> home1 : home);
			lock(at, view)
		:: else
		fi;
		load(view, N_WORD, y);
		if
		:: MAP(B0, y) == home && MAP(B1, y) == home1 -> break
#ifdef NO_RECHECK
		:: else -> break
#else
		:: else -> unlock(home, view); unlock(home1, view)
#endif
		fi
	   }
	od
}

/* Reference, then tag. */
inline slot_fill(at, value)
{
#ifdef TAG_FIRST
	atomic { stamp[at] = view; tag[at] = 1 };
	ref[at] = value
#else
	atomic { stamp[at] = view; ref[at] = value };
	tag[at] = 1
#endif
}

inline confirm()
{
	atomic { state[u] = CONFIRMED; confirm_view[B] = view }
}

proctype inserter()
{
	byte view = 1;
	byte u;
	byte home, at; /* of its first key */
#if KEYS == 2
	byte home1, at1;
#endif

	/* A unit of its own, or A's, when it is free. */
	atomic {
		if
		:: u = 1
		:: state[0] == FREE -> u = 0
		fi;
		state[u] = PRIVATE;
		conn[u] = B;
		poll(INSERTER, view)
	};
#if KEYS == 1
	lock_home(B0, view, home);
#else
	lock_homes(view);
#endif
	atomic {
		slot_get(home, NONE, at);
		if
		:: at == SLOTS -> goto no_room
		:: else -> at = SLOT(home, at)
		fi;
#if KEYS == 2
		slot_get(home1, at, at1);
		if
		:: at1 == SLOTS -> goto no_room
		:: else -> at1 = SLOT(home1, at1)
		fi
#endif
	};
#ifdef CONFIRMED_FIRST
	confirm();
#endif
	slot_fill(at, REF(u, 0));
#if KEYS == 2
	slot_fill(at1, REF(u, 1));
#endif
#ifndef CONFIRMED_FIRST
	confirm();
#endif
	atomic { inserted[B] = 1; goto out };
no_room: atomic { /* nobody has seen it */
		state[u] = FREE;
		conn[u] = 0
	};
out:	atomic {
		unlock(home, view);
#if KEYS == 2
		unlock(home1, view);
#endif
		seen[INSERTER] = OFFLINE;
		working--
	}
}

/* --- The deleter -------------------------------------------------------- */

inline remove_in(b, value)
{
	d_step {
		s = 0;
		do
		:: s < SLOTS && ref[SLOT(b, s)] != value -> s++
		:: else -> break
		od;
		if
		:: s < SLOTS -> slot_clear(SLOT(b, s), view)
		:: else
		fi
	}
}

/* Where a change of the size may have left a copy; BUCKETS: nowhere. */
inline copy_at(i, view, at)
{
	load(view, STALE_WORD, y);
	load(view, N_WORD, to);
	load(view, CLEARED_WORD, pick);
	if
	:: i >= pick -> at = SOURCE(i)
	:: i < pick && y > to ->
		at = i + LEVEL(y - 1);
		if
		:: at >= to && at < y
		:: else -> at = BUCKETS
		fi
	:: else -> at = BUCKETS
	fi
}

inline remove_one(d)
{
	atomic { hash = HASH(conn[u], d); value = REF(u, d) };
	lock_home(hash, view, home);
	atomic { remove_in(home, value); unlock(home, view) };
#ifndef LEAVE_COPY /* (4) */
	atomic {
		copy_at(home, view, home);
		if
		:: home < BUCKETS ->
			lock(home, view);
			remove_in(home, value);
			unlock(home, view)
		:: else
		fi
	};
#endif
}

proctype deleter()
{
	byte view = 1;
	byte u, hash, value, home, retired;

	atomic {
		poll(DELETER, view);
		if
		:: state[0] == CONFIRMED -> u = 0
		:: state[1] == CONFIRMED -> u = 1
		fi;
		view = MAX(view, confirm_view[conn[u]]);
		state[u] = DYING;
		deleting[conn[u]] = 1
	};
	remove_one(0);
#if KEYS == 2
	remove_one(1);
#endif
	atomic {
		epoch_begin(view);
		retired = epoch;
		seen[DELETER] = OFFLINE
	};
	atomic {
#ifndef FREE_AT_ONCE /* (7) */
		PASSED(retired) ->
#endif
		s = 0;
		do
		:: s < BUCKETS * SLOTS ->
			/* What is freed has no slot left (4). */
			assert(!ref[s] || UNIT(ref[s]) != u);
			s++
		:: else -> break
		od;
		state[u] = FREE;
		conn[u] = 0;
		working--
	}
}
