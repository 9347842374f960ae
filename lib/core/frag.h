/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frag.h - datagrams that arrive in fragments
 *
 * A datagram here is what is known of one while it arrives: the pieces that
 * are held (assembly.h), or, where fragments pass, which bytes did (seen.h) and
 * what their connection is.  It is found by addresses, identification, protocol
 * and zone, hashed with the table's secret.
 *
 *	index->head	+-----+	    +----------+   +----------+
 *			|     | --> | datagram |-->| datagram |--> NULL
 *			+-----+	    +----------+   +----------+
 *	index->age	in order of arrival, one list a family
 *	index->share	the same, by source: some sources share a list
 *
 * What all hold together is bounded, in bytes and in number, for each family.
 * Who needs more takes it from the list that holds most, from its oldest: so
 * whoever sends many pays with its own.
 *
 * One lock covers all of it; it is held for a look-up and some links, never
 * while bytes are copied, and no other is taken inside.  Memory comes and goes
 * outside of it, but for the heads of the index.
 */
#ifndef CORE_FRAG_H
#define CORE_FRAG_H

#include "base/mem.h"
#include "base/spin.h"
#include "core/assembly.h"
#include "core/seen.h"

#include <conntrack/packet.h>
#include <conntrack/reason.h>
#include <urcu/list.h>

/* Values of the parameter frag.mode. */
enum ct_frag_mode { CT_FRAG_OFF, CT_FRAG_REASSEMBLE, CT_FRAG_VIRTUAL };

/* Values of the parameter frag.time_exceeded: whose fate is remembered. */
enum { CT_FRAG_TELL_NONE, CT_FRAG_TELL_IPV6, CT_FRAG_TELL_ALL };

enum {
	CT_FRAG_HEADS = 4096,
	CT_FRAG_SHARES = 64,
	CT_FRAG_FAMILIES = 2,
	CT_FRAG_EXPIRED_MAX = 64, /* that the host has not asked for */
	CT_FRAG_PER_POLL = 64     /* that a poll ends */
};

/* Virtual: what the first fragment was. */
enum ct_frag_known {
	CT_FRAG_UNKNOWN, /* it has not come */
	CT_FRAG_PENDING, /* it is being tracked */
	CT_FRAG_TOLD     /* state, reason and tuple are what it is */
};

/* What ends one stands in front, in two lines. */
struct ct_datagram {
	struct ct_datagram *next;   /* L  in its chain */
	struct cds_list_head age;   /* L */
	struct cds_list_head share; /* L */
	uint32_t hash;              /* I */
	uint32_t serial;            /* I */
	uint32_t deadline;          /* I  tick */
	uint32_t bytes;             /* L  that it counts for */
	struct ct_assembly pieces;  /* L  virtual: those that are held */
	struct ct_tuple key;        /* I */
	uint8_t share_at;           /* I  of its source */

	/* Of virtual reassembly. */
	uint8_t known;         /* L  enum ct_frag_known */
	uint8_t state;         /* L  enum ct_state */
	uint8_t l4;            /* L */
	uint8_t has_conn;      /* L */
	uint8_t dropped;       /* L  the first one was */
	uint8_t gathers;       /* L  it is put together nevertheless */
	uint16_t reason;       /* L */
	struct ct_tuple tuple; /* L  of its connection, in its direction */
	struct ct_seen seen;   /* L */
};

struct ct_frag_index {
	/* Bytes of each share: what is searched for the most. */
	uint32_t bytes[CT_FRAG_FAMILIES][CT_FRAG_SHARES];             /* L */
	struct cds_list_head age[CT_FRAG_FAMILIES];                   /* L */
	struct cds_list_head share[CT_FRAG_FAMILIES][CT_FRAG_SHARES]; /* L */
	struct ct_datagram *head[CT_FRAG_HEADS];                      /* L */
};

struct ct_frags {
	struct ct_spin lock;
	struct ct_frag_index *index;      /* L  made by the first fragment */
	uint32_t serial;                  /* L */
	uint32_t n[CT_FRAG_FAMILIES];     /* L */
	uint64_t bytes[CT_FRAG_FAMILIES]; /* L */
	struct ct_kept *expired;          /* L  first pieces, latest first */
	uint32_t n_expired;               /* L */
	_Atomic uint32_t n_all;           /* A  hint: 0 when there are none */
	uint64_t completed;               /* L  for statistics, as the rest */
	uint64_t timed_out;               /* L */
	uint64_t evicted;                 /* L */
	uint64_t most_bytes;              /* L */
};

void ct_frags_fini(struct ct_table *tbl);

/* --- Memory ------------------------------------------------------------- */

/* => So much room, headed by kept; NULL when there is no memory. */
void *ct_kept_take(struct ct_mem *mem, size_t size);
/* A list of it. */
void ct_kept_free(struct ct_mem *mem, struct ct_kept *kept);

/* A copy of a fragment; NULL when there is no memory. */
struct ct_piece *ct_piece_make(struct ct_mem *mem, const uint8_t *bytes,
			       const struct ct_fragment *frag);

/* --- Full reassembly ---------------------------------------------------- */

/*
 * Add a fragment to its datagram.
 *
 * => CT_R_FRAG_HELD: it waits.  CT_R_NONE: it completed its datagram, which is
 *    out of the table, in *done: the caller ends it with ct_datagram_free().
 *    CT_R_IP_FRAGMENT: not to be put together, but to go on alone.  Otherwise
 *    why it is to be dropped.
 */
enum ct_reason ct_frags_hold(struct ct_thread *thr, const struct ct_pkt *pkt,
			     const struct ct_fragment *frag,
			     struct ct_datagram **done);

void ct_datagram_free(struct ct_mem *mem, struct ct_datagram *datagram);

/* --- Virtual reassembly ------------------------------------------------- */

/*
 * A fragment arrives whose bytes pass; or, of a first one, are to be put
 * together with those of all others, if that is the mode.
 *
 * => CT_R_NONE: it goes on.  A first one is to be tracked, and then told
 *    about: ct_frags_tell().  A later one has got its answer.  With *done it
 *    completed its datagram, as in ct_frags_hold().
 *    CT_R_FRAG_HELD: it was copied and waits for the first one, or for all.
 *    Otherwise why it is to be dropped.
 */
enum ct_reason ct_frags_pass(struct ct_thread *thr, struct ct_pkt *pkt,
			     const struct ct_fragment *frag,
			     enum ct_frag_mode mode, struct ct_datagram **done);

/* Tell what the first fragment was answered. */
void ct_frags_tell(struct ct_thread *thr, const struct ct_pkt *pkt,
		   enum ct_verdict verdict) CT_UNCHECKED;

/*
 * The next fragment that waited for this first one, its answer filled in.
 *
 * => False when there is none, or the connection is not known yet.
 * => Its bytes live until the thread's next poll.
 */
bool ct_frags_release(struct ct_thread *thr, const struct ct_pkt *first,
		      struct ct_pkt *pkt) CT_UNCHECKED;

/* --- Time --------------------------------------------------------------- */

/* End what waits too long. */
void ct_frags_expire(struct ct_thread *thr) CT_UNCHECKED;

/* => When the next one has waited too long, a tick; false: none does. */
bool ct_frags_deadline(struct ct_table *tbl, uint32_t *deadline);

#endif /* CORE_FRAG_H */
