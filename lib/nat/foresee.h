/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * foresee.h - what the set-up of a newcomer will look at, fetched ahead
 *
 * A packet of a burst opens a connection, most likely.  Then the connection is
 * given a mapping as the one before was (ct_habit), and what that looks at is
 * far away: chains of mappings and of subscribers, and the bucket of a reply
 * tuple that only the mapping tells.  In three steps, some packets each, while
 * others are worked on:
 *
 *	1  hashes, heads of chains; of a range the reply's bucket too
 *	2  first units of chains, and what follows the reply's bucket
 *	3  of a pool: the address, the id, the reply's bucket
 *
 * Nothing is decided here, and no lock taken: who foresees wrongly has fetched
 * in vain.  A pool's choice begins with a number that depends on the newcomer
 * alone (ct_binding_dice()), since otherwise nobody could tell the id.
 */
#ifndef NAT_FORESEE_H
#define NAT_FORESEE_H

#include "core/conn.h"
#include "core/table.h"
#include "nat/pool.h"

struct ct_foreseen {
	struct ct_nat_pool *pool;  /* NULL: by a range, or not at all */
	_Atomic uint32_t *head[2]; /* mapping, subscriber; or NULL */

	/* of a pool: */
	uint64_t key;              /* the mapping's */
	uint64_t peer;             /* see ct_binding_key() */
	uint64_t owner;            /* the subscriber's hash */
	struct ct_want want;       /* without owner; dice: see binding.h */
	const struct ct_key *of;   /* the newcomer's */
	struct ct_pool_addr *addr; /* to begin with, or NULL */
	uint32_t id; /* of addr: likely to be free; CT_PORTMAP_NONE */

	struct ct_key reply; /* what answers it, most likely; wide: unknown */
	const struct ct_bucket *bucket; /* the first of its chain, or NULL */
};

/* => The hash of a private connection's reply tuple: the one foreseen, or
 *    computed. */
static inline uint64_t ct_reply_hash(const struct ct_thread *thr,
				     const struct ct_conn *conn)
{
	const struct ct_foreseen *seen = thr->foreseen;

	if (ct_likely(seen && !seen->reply.wide &&
		      !(ct_conn_word(conn) & (CT_S_WIDE | CT_S_FAR)) &&
		      memcmp(&conn->narrow[CT_DIR_REPLY], &seen->reply.narrow,
			     sizeof(seen->reply.narrow)) == 0))
		return seen->reply.hash;
	return ct_conn_hash(conn, CT_DIR_REPLY, &thr->tbl->hash);
}

/* Step 1, for the packet of a key, narrow or with its tuple. */
void ct_foresee(struct ct_thread *thr, const struct ct_key *key,
		struct ct_foreseen *seen);

/* Step 2. */
void ct_foresee_units(const struct ct_table *tbl,
		      const struct ct_foreseen *seen);

/* Step 3, in two: of all packets the one, then the other. */
void ct_foresee_address(const struct ct_key *key, struct ct_foreseen *seen);
void ct_foresee_id(const struct ct_key *key, struct ct_foreseen *seen);

#endif /* NAT_FORESEE_H */
