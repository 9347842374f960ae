/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * growth_resizer.pml - the thread that changes the size; part of growth.pml
 *
 * As lib/core/resize.c: it takes what step it may, in any order.
 */

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
			:: tag[SLOT(from, s)] &&
			   MAP(HASH_OF(x), size) == target ->
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
				 MAP(HASH_OF(ref[SLOT(i, s)]), SIZE) != i ->
				 1 : 0);
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

/* Nothing waits to be cleared in what the split of bucket n would touch (6). */
#define SRC     SOURCE(SIZE)
#define HALF(n) (LEVEL(n) / 2)
#ifdef SPLIT_OVER_SPLIT
#define APART(n) 1
#else
#define APART(n) (CLEARED == NONE || \
	(SOURCE(n) < CLEARED && \
	 (SOURCE(n) >= HALF(n) || SOURCE(n) + HALF(n) < CLEARED)))
#endif
/* Two splits go together, whose sources lie side by side. */
#ifdef TOGETHER
#define PAIR (SIZE + 1 < BUCKETS && SOURCE(SIZE + 1) == SRC + 1 && \
	      APART(SIZE) && APART(SIZE + 1))
#else
#define PAIR 0
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

/* That so many were split. */
inline publish_split(many)
{
	if
	:: CLEARED == NONE ->
#ifdef N_BEFORE_CLEARED
		publish(SIZE + many, CLEARED, STALE);
		publish(SIZE, SIZE - many, STALE)
#else
		publish(SIZE, SIZE, STALE);
		publish(SIZE + many, CLEARED, STALE)
#endif
	:: else -> publish(SIZE + many, CLEARED, STALE)
	fi;
	epoch_begin(ver);
	split_epoch[SIZE - 1] = epoch;
	split_epoch[SIZE - many] = epoch
}

/* Copy from a source, which is locked, to a bucket that nobody knows yet. */
inline split(from, target)
{
	mapped[target] = 1;
	copy_to(from, target, target + 1);
	if
	:: pick
	:: else -> assert(0) /* there is always room */
	fi
}

inline unlock_source(b)
{
	locked[b] = 0;
	lock_view[b] = ver
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
		left && SIZE < BUCKETS && APART(SIZE) && MERGES_OVER &&
		!(left > 1 && PAIR) && !locked[SRC] ->
		left--;
		i = SRC;
		split(i, SIZE);
#ifndef PUBLISH_UNLOCKED /* (3) */
		publish_split(1);
#endif
		lock_view[i] = ver;
#ifdef CLEAR_BLINDLY
		note_left_behind(i);
#endif
		i = 0
	   }
#ifdef PUBLISH_UNLOCKED
	   ;
	   atomic { publish_split(1) }
#endif
#ifdef TOGETHER
	:: atomic {
		left > 1 && PAIR && MERGES_OVER && !locked[SRC] ->
		i = SRC;
		locked[i] = 1
	   };
	   /* What both locks hide is one step. */
	   atomic {
		!locked[i + 1] ->
		locked[i + 1] = 1;
		left = left - 2;
		mapped[SIZE + 1] = 1;
		split(i, SIZE);
#ifdef N_BEFORE_COPY
		publish_split(2)
	   };
	   atomic {
		split(i + 1, SIZE - 1);
#else
#ifndef UNLOCK_EARLY
		if
		:: publish_split(1) /* no room for the second one */
		:: split(i + 1, SIZE + 1); publish_split(2)
		fi;
#else /* (3) */
		split(i + 1, SIZE + 1);
		unlock_source(i + 1)
	   };
	   atomic {
		publish_split(2);
#endif
#endif
		unlock_source(i);
#ifndef UNLOCK_EARLY
		unlock_source(i + 1);
#endif
		i = 0
	   }
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
		i = STALE - 1; /* one at a time: a call's budget may end here */
		!locked[i] ->
		clear_all(i);
		lock_view[i] = ver;
		if
		:: i > SIZE -> publish(SIZE, CLEARED, i)
		:: else ->
			publish(SIZE, CLEARED, 0);
			merged = 0;
			epoch_begin(ver);
			unused = epoch
		fi;
		i = 0
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
