/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * assembly.h - the pieces of one datagram, until all are there
 *
 * Pieces stand in order of their offsets, without overlap.  A run is pieces
 * that came one after the other and follow one another, at the end of what was
 * there: so a datagram that arrives in order is one run, whatever its length.
 *
 *	first --> |0 ... 1480| --> |1480 ... 2960| --> |4440 ... 5920|
 *	           a run's first    of the same run     a run's first
 *
 * As in Linux, what lies wholly within one run is a duplicate; what otherwise
 * shares bytes with a piece is an overlap, and an attack (RFC 5722): then the
 * datagram is given up.
 *
 * Nothing here locks or allocates.
 */
#ifndef CORE_ASSEMBLY_H
#define CORE_ASSEMBLY_H

#include "wire/fragment.h"

/* Memory that is given out: freed when its thread polls. */
struct ct_kept {
	struct ct_kept *next;
	size_t size;
};

/* In front of what is given out: to lengthen a header, for NAT64 for one. */
enum { CT_FRAG_HEADROOM = 64 };

struct ct_piece {
	struct ct_kept kept;
	struct ct_piece *next;
	struct ct_piece *run_last; /* of a run's first; NULL within one */
	uint32_t off;
	uint32_t len;
	uint32_t hdr; /* bytes before the payload */
	uint32_t reserved;
	uint8_t room[]; /* headroom, header, payload */
};

static inline uint8_t *ct_piece_bytes(struct ct_piece *piece)
{
	return piece->room + CT_FRAG_HEADROOM;
}

static inline uint32_t ct_piece_end(const struct ct_piece *piece)
{
	return piece->off + piece->len;
}

struct ct_assembly {
	struct ct_piece *first;
	struct ct_piece *last;
	struct ct_piece *last_run; /* the first piece of the last run */
	uint32_t n;
	uint32_t meat;    /* bytes of payload that are there */
	uint32_t len;     /* of the datagram's payload, as far as it is known */
	uint32_t max;     /* bytes of the largest fragment */
	uint32_t max_df;  /* the same, of those not to be cut */
	uint16_t next_at; /* of the first piece */
	uint8_t next;     /* the same */
	uint8_t ecn;      /* codepoints seen, a set */
	bool ended;       /* len is what it will be */
	bool reserved[3];
};

enum ct_assembly_end {
	CT_ASSEMBLY_WAITS,     /* the piece is in */
	CT_ASSEMBLY_DONE,      /* the same, and nothing is missing */
	CT_ASSEMBLY_DUPLICATE, /* was there already */
	CT_ASSEMBLY_REFUSED,   /* cannot be, but is ignored */
	CT_ASSEMBLY_OVERLAP,   /* gives the datagram up */
	CT_ASSEMBLY_BROKEN,    /* an impossible length; gives it up, too */
	CT_ASSEMBLY_UNEVEN     /* IPv6: not a multiple of eight; the same */
};

/*
 * Put a piece in.
 *
 * => WAITS and DONE: it belongs to the assembly; otherwise it does not.
 */
enum ct_assembly_end ct_assembly_add(struct ct_assembly *all,
				     struct ct_piece *piece,
				     const struct ct_fragment *frag);

/* => The codepoint for the datagram (RFC 3168 5.3) to be added to its header's
 *    own, or -1: a mixture that must be dropped. */
int ct_assembly_ecn(const struct ct_assembly *all);

#endif /* CORE_ASSEMBLY_H */
