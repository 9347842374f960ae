/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe.h - who is to be asked whether it is still there, before it goes
 *
 * A connection past its soft age is not ended but noted here; lib/probe.c then
 * asks one end after the other, by a keep-alive each, and who does not answer
 * twice ends the connection:
 *
 *	noted -> responder asked, up to twice -> originator asked, up to twice
 *	-> forgotten: it lives
 *
 * Each end is asked alone: nothing else tells who of the two has answered.  That
 * one has is seen by the timeout, which every packet of the connection renews.
 *
 * SYNs that may have to be repeated are noted here, too; see below.
 *
 * The notes are few, in sets of four by the connection's unit; who finds no place
 * waits for one.  They are made when the first is needed.
 */
#ifndef OVERFLOW_PROBE_H
#define OVERFLOW_PROBE_H

#include "base/spin.h"
#include "core/conn.h"

enum {
	CT_PROBES = 1024,
	CT_PROBE_WAYS = 4,
	CT_PROBE_TRIES = 2, /* keep-alives to one end */
	CT_PROBE_SYN = 2,   /* beside enum ct_dir: a SYN, see below */
	CT_PROBE_SYNS = 5   /* after 1, 2, 4, 8 and 16 seconds */
};

struct ct_probe {
	uint32_t unit;    /* 0: free */
	uint32_t gen;     /* which life of it */
	uint32_t timeout; /* its word when it was asked */
	uint32_t at;      /* tick of that */
	uint8_t to;       /* enum ct_dir: who is asked is whom it leads to; or
			     CT_PROBE_SYN */
	uint8_t tries;    /* of this end */
};

struct ct_probes {
	struct ct_spin lock; /* covers what follows; alone */
	uint32_t used;       /* L */
	uint32_t next;       /* L  where the next round goes on */
	uint32_t left;       /* L  keep-alives that this second has left */
	uint32_t second;     /* L */
	struct ct_probe probes[CT_PROBES]; /* L */
};

/*
 * A connection is past its soft age.
 *
 * => True: it is left to probes, do not end it.
 */
bool ct_probe_want(struct ct_thread *thr, const struct ct_conn *conn);

/*
 * Its server is to be sent the SYN again if it does not answer, since the client
 * may have nothing to say that would repeat it (lib/syn.h).
 *
 * => Private; if there is no place the client is alone with that.
 */
void ct_probe_syn(struct ct_thread *thr, const struct ct_conn *conn);

/* One that gave way is out of the table: its ends may be told so. */
void ct_probe_evicted(struct ct_thread *thr, const struct ct_conn *conn);

/* => One more packet of the table's own may be sent in this second. */
bool ct_probe_allowed(struct ct_thread *thr, struct ct_probes *probes)
	CT_REQUIRES(probes->lock);

/* => The table's, made if need be; NULL when there is no memory. */
struct ct_probes *ct_probes_of(struct ct_table *tbl);
void ct_probes_free(struct ct_table *tbl);

#endif /* OVERFLOW_PROBE_H */
