/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * candidate.h - a connection that may have to go, and what is known of it
 *
 * The bytes of worth are hints, and so is what is read of a connection without
 * its lock; what counts is looked at again under the lock, by ct_conn_kill().
 */
#ifndef OVERFLOW_CANDIDATE_H
#define OVERFLOW_CANDIDATE_H

#include "core/worth.h"
#include "overflow/evict.h"

struct ct_candidate {
	struct ct_conn *conn;
	enum ct_reason reason; /* that it would end for */
	uint8_t worth;         /* as it is, not as the byte says */
	uint8_t class_;
	uint8_t turns; /* since it came, if it has proven nothing */
	uint8_t score; /* the worth, or what the host makes of it */
	bool much;     /* its source holds much */
	uint64_t key;  /* its source */
	struct ct_age age;
	const uint32_t *hash; /* of its keys, or NULL */
};

/* Look into a connection; => false when it is none that could go. */
bool ct_candidate_look(struct ct_thread *thr, struct ct_conn *conn,
		       const struct ct_newcomer *new,
		       struct ct_candidate *cand);

/* => What goes before the other one. */
bool ct_candidate_worse(const struct ct_thread *thr,
			const struct ct_candidate *a,
			const struct ct_candidate *b);

/*
 * => Whoever holds much pays first: one of those that were let in has proven
 *    something, and is not paid for yet.
 */
bool ct_candidate_heavy_pays(const struct ct_thread *thr);

/* => It is in the midst of a handshake, which it is given the time for. */
bool ct_candidate_is_held(struct ct_thread *thr,
			  const struct ct_candidate *cand);

/* => Its activity, if it has proven something. */
unsigned ct_candidate_activity(const struct ct_candidate *cand);

/* Count a connection as a sample of its source, whose key is given; => the
 * source holds much, without this one. */
bool ct_candidate_sample(struct ct_thread *thr, uint64_t key);

/* => A source that holds much was met within the last second. */
bool ct_candidate_meets_heavy(const struct ct_thread *thr);

#endif /* OVERFLOW_CANDIDATE_H */
