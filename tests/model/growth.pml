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
 *	three make one history.  Who loads one gets any value between the latest
 *	that it has synchronised with (its view) and the present one.  A view
 *	moves by an acquire load, by taking a lock, by a poll that sees an
 *	epoch, and by being told of a connection.  A reader may use what n was
 *	at any time since its poll, as one does that looks ahead in a burst.  A
 *	copy is there for sure only for who has synchronised with what was
 *	published next.
 *
 * Steps:
 *	What a lock hides is one step, and a load of n shares a step with what
 *	follows it: it may return an old value, so nothing is lost by loading
 *	late.  Readers take no lock: each look at tags, at a reference and at a
 *	connection is a step of its own.
 *
 * Options: CHANGES (of the size), KEYS (1 or 2 a connection), READERS, SLOTS,
 * FROM (the first n), A0 A1 B0 B1 (hash values); and the mutants, each where
 * it drops something.
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

/* As in bucket.h, for up to four buckets. */
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
		:: slot < SLOTS && (tag[SLOT(b, slot)] || SLOT(b, slot) == taken) ->
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

/* --- The resizer -------------------------------------------------------- */

/* Copy what maps to a bucket, of so many; pick: there was room. */
inline copy_to(from, target, size)
{
	d_step {
		pick = 1;
		s = 0;
		do
		:: s < SLOTS ->
			x = ref[SLOT(from, s)];
			if
			:: tag[SLOT(from, s)] && MAP(HASH_OF(x), size) == target ->
				slot_get(target, NONE, to);
				if
				:: to < SLOTS ->
					ref[SLOT(target, to)] = x;
					tag[SLOT(target, to)] = 1;
					stamp[SLOT(target, to)] = COPY + ver
				:: else -> pick = 0
				fi
			:: else
			fi;
			s++
		:: else -> break
		od
	}
}

#ifdef CLEAR_BLINDLY /* what was there at the split, without a look (5) */
bit left_behind[BUCKETS * SLOTS];
#define STRANGER(i) left_behind[SLOT(i, s)]

inline note_left_behind(i)
{
	d_step {
		s = 0;
		do
		:: s < SLOTS ->
			left_behind[SLOT(i, s)] =
				(tag[SLOT(i, s)] &&
				 MAP(HASH_OF(ref[SLOT(i, s)]), SIZE) != i -> 1 : 0);
			s++
		:: else -> break
		od
	}
}
#else
#define STRANGER(i) (tag[SLOT(i, s)] && \
		     MAP(HASH_OF(ref[SLOT(i, s)]), SIZE) != i)
#endif

/* Clear what maps elsewhere (5). */
inline clear_strangers(i)
{
	d_step {
		s = 0;
		do
		:: s < SLOTS ->
			if
			:: STRANGER(i) -> slot_clear(SLOT(i, s), ver)
			:: else
			fi;
			s++
		:: else -> break
		od
	}
}

inline clear_all(i)
{
	d_step {
		s = 0;
		do
		:: s < SLOTS -> slot_clear(SLOT(i, s), ver); s++
		:: else -> break
		od
	}
}

/* Nothing waits to be cleared in what a split would touch (6). */
#define SRC  SOURCE(SIZE)
#define HALF (LEVEL(SIZE) / 2)
#ifdef SPLIT_OVER_SPLIT
#define SPLITS_APART 1
#else
#define SPLITS_APART (CLEARED == NONE || \
	(SRC < CLEARED && (SRC >= HALF || SRC + HALF < CLEARED)))
#endif
#ifdef SPLIT_OVER_MERGE
#define MERGES_OVER 1
#else
#define MERGES_OVER (!merged && !unused)
#endif
#ifdef MERGE_OVER_SPLIT
#define SPLITS_OVER 1
#else
#define SPLITS_OVER (CLEARED == NONE)
#endif

/* What is left behind stays for those who have the old n (2). */
#ifdef CLEAR_AT_ONCE
#define SPLIT_PASSED 1
#else
#define SPLIT_PASSED PASSED(split_epoch[CLEARED])
#endif
/* Removers may stand on what drops out (7). */
#ifdef UNMAP_AT_ONCE
#define UNUSED_PASSED 1
#else
#define UNUSED_PASSED PASSED(unused)
#endif

inline publish_split()
{
	if
	:: CLEARED == NONE ->
#ifdef N_BEFORE_CLEARED
		publish(SIZE + 1, CLEARED, STALE);
		publish(SIZE, SIZE - 1, STALE)
#else
		publish(SIZE, SIZE, STALE);
		publish(SIZE + 1, CLEARED, STALE)
#endif
	:: else -> publish(SIZE + 1, CLEARED, STALE)
	fi;
	epoch_begin(ver);
	split_epoch[SIZE - 1] = epoch
}

inline merge()
{
	last = SIZE - 1;
	i = SOURCE(last);
	!locked[i] && !locked[last] ->
	copy_to(last, i, last);
	if
	:: pick ->
		if
		:: STALE <= last -> publish(SIZE, CLEARED, last + 1)
		:: else
		fi;
		publish(last, CLEARED, STALE)
	:: else -> clear_strangers(i) /* no room */
	fi;
	lock_view[i] = ver;
	lock_view[last] = ver
}

proctype resizer()
{
	byte left = CHANGES;
	byte i, last, low;
	byte split_epoch[BUCKETS];
	byte merged; /* epoch, or 0 */
	byte unused; /* likewise */

	do
	:: atomic {
		left && SIZE < BUCKETS && SPLITS_APART && MERGES_OVER &&
		!locked[SRC] ->
		left--;
		i = SRC;
		mapped[SIZE] = 1;
		copy_to(i, SIZE, SIZE + 1);
		if
		:: pick
		:: else -> assert(0) /* there is always room */
		fi;
#ifndef PUBLISH_UNLOCKED /* (3) */
		publish_split();
#endif
		lock_view[i] = ver;
#ifdef CLEAR_BLINDLY
		note_left_behind(i);
#endif
		i = 0
	   }
#ifdef PUBLISH_UNLOCKED
	   ;
	   atomic { publish_split() }
#endif
	:: atomic {
		left && SIZE > 1 && SPLITS_OVER && !merged && !unused ->
		/* Not across a level. */
		low = LEVEL(SIZE - 1);
		do
		:: left && SIZE > low -> left--; merge()
		:: break
		od;
		i = 0;
		last = 0;
		low = 0;
		if
		:: STALE -> epoch_begin(ver); merged = epoch
		:: else
		fi
	   }
	:: atomic {
		CLEARED != NONE && SPLIT_PASSED && !locked[SOURCE(CLEARED)] ->
		i = SOURCE(CLEARED);
		clear_strangers(i);
		lock_view[i] = ver;
		if
		:: CLEARED + 1 >= SIZE -> publish(SIZE, NONE, STALE)
		:: else -> publish(SIZE, CLEARED + 1, STALE)
		fi;
		i = 0
	   }
	:: atomic {
		merged && PASSED(merged) ->
		i = STALE;
		do
		:: i > SIZE ->
			i--;
			!locked[i] ->
			clear_all(i);
			lock_view[i] = ver
		:: else -> break
		od;
		i = 0;
		publish(SIZE, CLEARED, 0);
		merged = 0;
		epoch_begin(ver);
		unused = epoch
	   }
	:: atomic {
		unused && UNUSED_PASSED ->
		unused = 0;
		i = SIZE;
		do
		:: i < BUCKETS -> mapped[i] = 0; i++
		:: else -> break
		od;
		i = 0
	   }
	:: atomic {
		CLEARED == NONE && !merged && !unused ->
		working--;
		break
	   }
	od
}

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
		:: !deleting[A] && !deleting[B] -> goto done
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
		seen[INSERTER] = OFFLINE
	};
done:	working--
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

/* --- Readers ------------------------------------------------------------ */

/* All tags of a bucket, as bits. */
inline load_tags(b)
{
	assert(mapped[b]); /* (7) */
	hits = 0;
	s = 0;
	do
	:: s < SLOTS ->
		assert(!tag[SLOT(b, s)] || ref[SLOT(b, s)]);
		if
		:: tag[SLOT(b, s)] ->
			hits = hits | (1 << s);
			view = MAX(view, VIEW(stamp[SLOT(b, s)]))
		:: stamp[SLOT(b, s)] >= COPY + view
			/* a copy too new to be seen for sure */
		:: !tag[SLOT(b, s)] ->
			view = MAX(view, VIEW(stamp[SLOT(b, s)]))
		fi;
		s++
	:: else -> break
	od
}

/* For fewer states. */
inline forget()
{
	view = 0;
	was = 0;
	home = 0;
	d = 0;
	must = 0;
	other = 0
}

proctype reader(byte me)
{
	byte view = 1; /* synchronised with */
	byte old = 1;  /* likewise, at the last poll */
	byte was;      /* n that was used */
	byte home;     /* bucket of the key, then */
	byte c, d;     /* the key: connection and direction */
	byte hits, r;
	byte got;      /* unit borrowed + 1 */
	bit must;      /* it is there until its end begins */
	bit other;     /* this is the second key */

idle:	atomic {
		/* What was borrowed is still what it was (7). */
		assert(!got || (conn[got - 1] == c && state[got - 1] != FREE));
		got = 0;
		c = 0;
		if
		:: !working -> seen[me] = OFFLINE; goto done
		:: working -> seen[me] = epoch
		fi;
		/*
		 * Not the maximum: it has seen more only if somebody told it,
		 * and then it is told again.
		 */
		view = epoch_view;
#ifndef KEEP_N
		old = view
#endif
	};
	atomic {
#if READERS == 2
		c = (me -> B : A);
#else
		if
		:: c = A
		:: c = B
		fi;
#endif
#if KEYS == 2
		if
		:: d = 0
		:: d = 1
		fi;
#endif
		must = inserted[c];
		goto look
	};
look:	atomic {
		must = (must && !deleting[c] -> 1 : 0);
		/* n may have been loaded before, but not before the poll. */
		choose(old, N_WORD);
		was = AT(N_WORD, x);
#ifndef RELAXED
		view = MAX(view, x);
#endif
		if
		:: must -> view = MAX(view, confirm_view[c])
		:: else
		fi;
		home = MAP(HASH(c, d), was);
#if KEYS == 1 && !defined(KEEP_N)
		old = 0;
#endif
		load_tags(home)
	};
	do
	:: atomic {
		hits ->
		s = 0;
		do
		:: !(hits & (1 << s)) -> s++
		:: else -> break
		od;
		hits = hits & (hits - 1);
		r = ref[SLOT(home, s)];
		view = MAX(view, VIEW(stamp[SLOT(home, s)]))
	   };
	   if
	   :: atomic { !r }
	   :: atomic {
		r ->
		assert(state[UNIT(r)] != FREE); /* (7) */
		if
		:: state[UNIT(r)] == CONFIRMED && conn[UNIT(r)] == c &&
		   DIR(r) == d ->
			got = UNIT(r) + 1;
			r = 0;
			hits = 0;
#if KEYS == 2
			/* Both keys or none. */
			if
			:: !other ->
				other = 1;
				d = 1 - d;
				must = 1;
				goto look
			:: else
			fi;
#endif
			forget();
			goto idle
		:: else -> r = 0
		fi
	      }
	   fi
	:: atomic {
		!hits ->
#ifndef NO_REREAD /* (1) */
		choose(view, N_WORD);
		if
		:: AT(N_WORD, x) != was ->
			was = AT(N_WORD, x);
			view = MAX(view, x);
			home = MAP(HASH(c, d), was);
			load_tags(home)
		:: else ->
#endif
			/* It was not there all the time. */
			assert(!must || deleting[c]);
			forget();
			goto idle
#ifndef NO_REREAD
		fi
#endif
	   }
	od;
done:	skip
}

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
