/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frag_index.h - the index of datagrams, for the files that know of fragments
 *
 * All of it under frags->lock, which is taken and given back through a seat:
 * the compiler cannot follow that, so it does not check it.
 */
#ifndef CORE_FRAG_INDEX_H
#define CORE_FRAG_INDEX_H

#include "core/frag.h"

static inline unsigned ct_frag_family(uint8_t l3)
{
	return l3 == CT_L3_IPV6;
}

/* What a thread is about to do with a fragment's datagram. */
struct ct_frag_seat {
	struct ct_thread *thr;
	struct ct_frags *frags;
	struct ct_tuple key;
	uint32_t hash;
	struct ct_datagram *spare;   /* to be put in; freed if it was not */
	struct ct_datagram *dead;    /* taken out; freed after the lock */
	struct ct_frag_index *index; /* the same, for the first of all */
};

/* Get ready for a fragment, in a zone. */
void ct_frag_sit(struct ct_frag_seat *seat, struct ct_thread *thr,
		 const struct ct_fragment *frag, uint16_t zone);

/*
 * Lock, and find its datagram or make one.
 *
 * => NULL, unlocked, when there is no memory.
 */
struct ct_datagram *ct_frag_lock(struct ct_frag_seat *seat) CT_UNCHECKED;

/* Unlock, and free what was left over. */
void ct_frag_unlock(struct ct_frag_seat *seat) CT_UNCHECKED;

/* Take a datagram out; the caller frees it. */
void ct_frag_unlink(struct ct_frags *frags, struct ct_datagram *datagram);

/* The same, and leave it to ct_frag_unlock(). */
void ct_frag_drop(struct ct_frag_seat *seat, struct ct_datagram *datagram);

/*
 * Let a datagram count for so many bytes more, and make room for them.
 *
 * => False when that took the datagram itself.
 */
bool ct_frag_charge(struct ct_frag_seat *seat, struct ct_datagram *datagram,
		    uint32_t bytes);

/*
 * Add a fragment's copy to the others of its datagram, which is put together.
 *
 * => CT_R_FRAG_HELD, and CT_R_NONE: the datagram is complete and out of the
 *    table; the piece is taken.  Otherwise as ct_frags_hold().
 */
enum ct_reason ct_frag_add(struct ct_frag_seat *seat,
			   struct ct_datagram *datagram,
			   struct ct_piece **piece,
			   const struct ct_fragment *frag);

/* => The datagram of a hash and serial number, or NULL. */
struct ct_datagram *ct_frag_named(const struct ct_frags *frags, uint64_t name);

static inline uint64_t ct_frag_name(const struct ct_datagram *datagram)
{
	return (uint64_t)datagram->serial << 32 | datagram->hash;
}

#endif /* CORE_FRAG_INDEX_H */
