/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * growth_reader.pml - a thread that looks up; part of growth.pml
 *
 * As ct_buckets_find() in lib/core/bucket.c, between polls.
 */

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

/* What does not matter any more must not make states differ. */
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

	/* The skips end the steps that jump there. */
idle:	skip;
	atomic {
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
		must = inserted[c]
	};
look:	skip;
	atomic {
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
