/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chain.pml - overflow buckets are reused at once, with readers on them
 *
 * A model of ct_bucket_trim() and extend() in lib/core/bucket.c.  Two chains
 * share overflow buckets; each has a writer, the holder of its lock, which
 * inserts and deletes for ever in any order.  A reader walks the first one;
 * more readers add nothing, as none of them leaves a trace.
 *
 * A bucket has one slot and all tags are equal.  A free bucket lies on a list
 * whose link is written over its tags: they are garbage, while its references
 * are 0.  A reader's loads happen in order, as all are acquires, so an older
 * value is that of an earlier look: each load is a step of its own.  There is
 * no grace period for buckets; connections have theirs.
 *
 * Mutants: TRIM_MIDDLE, KEEP_REFERENCE.
 */

#define BUCKETS 4 /* 0 and 1 begin the chains, 2 and 3 are for overflow */

/* Connections, by their keys: 1, 2, 3 are of chain 0, which the reader looks
 * for 1 in; 4 and 5 of chain 1, where 5 stays. */
#define KEYS 5

bit tag[BUCKETS];
byte ref[BUCKETS];  /* to a connection, by its key */
byte link[BUCKETS]; /* 0: none */
bit idle[BUCKETS];  /* on the free list */

bit known[KEYS + 1];    /* confirmed, and not dying */
bit memory[KEYS + 1];   /* it has a unit, maybe only until a grace period */
bit waiting[KEYS + 1];  /* the reader has to poll before that is free */
bit ended;              /* what the reader looks for has ended meanwhile */

/* Used within one step only. */
hidden byte x, b, before;

/* --- Writers ------------------------------------------------------------ */

/* A free slot of the chain, at the end of a further bucket if need be. */
inline slot_get(chain)
{
	at = chain;
	do
	:: tag[at] && link[at] -> at = link[at]
	:: else -> break
	od;
	before = at;
	if
	:: tag[at] && idle[2] -> at = 2
	:: tag[at] && !idle[2] && idle[3] -> at = 3
	:: tag[at] && !idle[2] && !idle[3] -> at = BUCKETS
	:: else
	fi
}

inline insert(chain)
{
	atomic {
		memory[key] = 1;
		slot_get(chain);
		last = before;
		fresh = (at < BUCKETS && idle[at] -> 1 : 0);
		idle[at % BUCKETS] = 0
	};
	if
	:: atomic { at == BUCKETS -> memory[key] = 0 }
	:: at < BUCKETS ->
		if
		:: fresh ->
			tag[at] = 0; /* the list's link; only then: */
			link[last] = at
		:: else
		fi;
		ref[at] = key;
		tag[at] = 1;
		known[key] = 1
	fi
}

/* The empty bucket at the end: only that one. */
inline find_empty(chain)
{
	before = chain;
	b = link[chain];
	do
#ifdef TRIM_MIDDLE
	:: b && tag[b] -> before = b; b = link[b]
#else
	:: b && link[b] -> before = b; b = link[b]
#endif
	:: else -> break
	od;
	if
	:: b && tag[b] -> b = 0
	:: else
	fi
}

inline trim(chain)
{
	do
	:: atomic {
		find_empty(chain);
		if
		:: !b -> break
		:: b -> link[before] = link[b]; at = b
		fi
	   };
	   atomic { link[at] = 0; tag[at] = 1; idle[at] = 1 }
	od
}

inline delete(chain)
{
	atomic {
		known[key] = 0;
		ended = (key == 1 -> 1 : ended)
	};
	atomic {
		at = chain;
		do
		:: (ref[at] != key || !tag[at]) -> at = link[at]
		:: else -> break
		od;
		tag[at] = 0
	};
#ifndef KEEP_REFERENCE
	ref[at] = 0;
#endif
	trim(chain);
	waiting[key] = 1
}

proctype writer(byte chain)
{
	byte key, at, last;
	bit fresh;

end:	do
	:: atomic {
		if
		:: chain == 0 -> key = 1
		:: chain == 0 -> key = 2
		:: chain == 0 -> key = 3
		:: chain == 1 -> key = 4
		fi
	   };
	   if
	   :: !memory[key] -> insert(chain)
	   :: known[key] -> delete(chain)
	   :: else /* waits for its grace period */
	   fi;
	   atomic { key = 0; at = 0; last = 0; fresh = 0 }
	od
}

/* --- The reader --------------------------------------------------------- */

inline poll()
{
	x = 1;
	do
	:: x <= KEYS ->
		memory[x] = (waiting[x] -> 0 : memory[x]);
		waiting[x] = 0;
		x++
	:: else -> break
	od
}

proctype reader()
{
	byte r, at;
	bit must;

end:	do
	:: atomic { /* it starts with the poll, or after it */
		at = 0;
		r = 0;
		must = 0;
		poll()
	   };
	   atomic { must = known[1]; ended = 0 };
	   do
	   :: if
	      :: atomic { tag[at] }; /* the reference is a step of its own */
		 r = ref[at];
		 if
		 :: atomic {
			r ->
			assert(memory[r]);
			if
			:: r == 1 && known[r] -> break
			:: else -> r = 0
			fi
		    }
		 :: atomic { !r }
		 fi
	      :: atomic { !tag[at] }
	      fi;
	      atomic {
		at = link[at];
		if
		:: at
		:: !at -> assert(!must || ended); break
		fi
	      }
	   od
	od
}

init
{
	atomic {
		idle[2] = 1;
		idle[3] = 1;
		tag[2] = 1;
		tag[3] = 1;
		tag[1] = 1;
		ref[1] = 5;
		known[5] = 1;
		memory[5] = 1;
		run writer(0);
		run writer(1);
		run reader()
	}
}
